// js-libp2p's two ends of `skein bench net`: `serve`, or `run ADDRESS`.
import { createLibp2p } from 'libp2p'
import { tcp } from '@libp2p/tcp'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { identify } from '@libp2p/identify'
import { multiaddr } from '@multiformats/multiaddr'

const ECHO = '/skein/bench/echo/1.0.0'
const SINK = '/skein/bench/sink/1.0.0'
const [role, address] = process.argv.slice(2)

const node = await createLibp2p({
  addresses: { listen: role === 'serve' ? ['/ip4/127.0.0.1/tcp/0'] : [] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionGater: { denyDialMultiaddr: () => false },
  connectionManager: { inboundConnectionThreshold: Infinity },
  services: { identify: identify() }
})

// Not onDrain(): that promise may be an old one which has been kept already.
const send = async (stream, bytes) => {
  if (!stream.send(bytes)) await new Promise(resolve => stream.addEventListener('drain', resolve, { once: true }))
}

if (role === 'serve') {
  await node.handle(ECHO, stream => { stream.addEventListener('message', event => { stream.send(event.data) }) })
  await node.handle(SINK, stream => {
    let total = 0n
    stream.addEventListener('message', event => { total += BigInt(event.data.byteLength) })
    stream.addEventListener('remoteCloseWrite', async () => {
      const answer = new Uint8Array(8)
      new DataView(answer.buffer).setBigInt64(0, total)
      stream.send(answer)
      await stream.close()
    })
  })
  console.log(JSON.stringify({ address: node.getMultiaddrs()[0].toString() }))
  process.stdin.on('end', () => process.exit(0)).resume()
} else {
  const connection = await node.dial(multiaddr(address))
  const rtt = async (size, count) => {
    const stream = await connection.newStream(ECHO)
    const message = new Uint8Array(size)
    let have = 0
    let wake = () => {}
    stream.addEventListener('message', event => { have += event.data.byteLength; if (have >= size) wake() })
    const trips = []
    for (let i = -Math.floor(count / 3); i < count; i++) {
      have = 0
      const started = performance.now()
      const back = new Promise(resolve => { wake = resolve })
      await send(stream, message)
      await back
      if (i >= 0) trips.push((performance.now() - started) * 1000)
    }
    stream.abort(new Error('done'))
    trips.sort((a, b) => a - b)
    return { p50: trips[Math.floor(count / 2)], p99: trips[Math.floor(count * 0.99)] }
  }
  const bulk = async seconds => {
    const stream = await connection.newStream(SINK)
    const block = new Uint8Array(65536)
    let answer
    const done = new Promise(resolve => stream.addEventListener('message', event => { answer = event.data.subarray(); resolve() }))
    const started = performance.now()
    while (performance.now() - started < seconds * 1000) await send(stream, block)
    await stream.close()
    await done
    const elapsed = (performance.now() - started) / 1000
    return Number(new DataView(answer.buffer, answer.byteOffset).getBigInt64(0)) / 1048576 / elapsed
  }
  const small = await rtt(8192, 1500)
  const large = await rtt(32768, 500)
  console.log(JSON.stringify({ rtt8k: small, rtt32k: large, bulk: await bulk(1) }))
  process.exit(0)
}
