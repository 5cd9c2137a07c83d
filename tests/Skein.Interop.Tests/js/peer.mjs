// A js-libp2p peer that tests steer by lines of JSON: one command in, one answer out.
import { createInterface } from 'node:readline'
import { createLibp2p } from 'libp2p'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { identify, identifyPush } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'

const ECHO = '/skein/test/echo/1.0.0'
const COUNT = '/skein/test/count/1.0.0'
const SLOW = '/skein/test/slow/1.0.0'
const RESET = '/skein/test/reset/1.0.0'

const node = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'] },
  transports: [tcp(), webSockets()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux({ maxInboundStreams: 3000, maxOutboundStreams: 3000, maxEarlyStreams: 3000 })],
  connectionGater: { denyDialMultiaddr: () => false },
  connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: 1000 },
  services: { identify: identify(), push: identifyPush(), ping: ping() }
})

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
const many = { maxInboundStreams: 3000, maxOutboundStreams: 3000 }
const send = async (stream, bytes) => { if (!stream.send(bytes)) await stream.onDrain() }

// The stream's own iterator misses an end that came before it was made (js-libp2p 3.3), as one does that
// follows a request without waiting for the protocol to be agreed on. This one looks.
async function * chunks (stream) {
  const queue = []
  let wake = () => {}
  let ended = false
  let fault
  const onMessage = event => { queue.push(event.data.subarray()); wake() }
  const onEnd = event => { ended = true; fault ??= event?.error; wake() }
  stream.addEventListener('message', onMessage)
  stream.addEventListener('remoteCloseWrite', onEnd)
  stream.addEventListener('close', onEnd)
  while (true) {
    while (queue.length > 0) yield queue.shift()
    if (fault != null) throw fault
    if ((ended || stream.remoteWriteStatus === 'closed') && stream.readBufferLength === 0) {
      if (queue.length === 0) return
      continue
    }
    await new Promise(resolve => { wake = resolve; if (ended || stream.remoteWriteStatus === 'closed') setTimeout(resolve, 1) })
  }
}

async function count (stream, pause = 0) {
  let total = 0
  for await (const chunk of chunks(stream)) {
    total += chunk.byteLength
    if (pause > 0) await sleep(pause)
  }
  return total
}

async function answerCount (stream, pause) {
  const total = await count(stream, pause)
  await send(stream, new TextEncoder().encode(String(total)))
  await stream.close()
}

const quietly = task => async stream => { try { await task(stream) } catch (error) { stream.abort(error) } }
await node.handle(ECHO, quietly(async stream => {
  for await (const chunk of chunks(stream)) await send(stream, chunk)
  await stream.close()
}), many)
await node.handle(COUNT, quietly(stream => answerCount(stream, 0)), many)
await node.handle(SLOW, quietly(stream => answerCount(stream, 2)), many)
await node.handle(RESET, quietly(async stream => {
  for await (const _ of chunks(stream)) { stream.abort(new Error('as asked')); return }
}), many)

// Bytes that depend on their place, so that lost or swapped ones show.
const pattern = (size, salt) => {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8) * 17 + salt) & 255
  return bytes
}

async function echo (address, size, salt) {
  const stream = await node.dialProtocol(multiaddr(address), ECHO, many)
  const sent = pattern(size, salt)
  let received = 0
  const reading = (async () => {
    for await (const bytes of chunks(stream)) {
      for (let i = 0; i < bytes.length; i++) {
        if (bytes[i] !== sent[received + i]) throw new Error(`byte ${received + i} of ${size} differs`)
      }
      received += bytes.length
    }
  })()
  for (let at = 0; at < size; at += 65536) await send(stream, sent.subarray(at, Math.min(size, at + 65536)))
  await stream.close()
  await reading
  if (received !== size) throw new Error(`${received} of ${size} bytes came back`)
}

async function ask (address, protocol, size) {
  const stream = await node.dialProtocol(multiaddr(address), protocol, many)
  const block = new Uint8Array(65536)
  for (let at = 0; at < size; at += block.length) await send(stream, block.subarray(0, Math.min(block.length, size - at)))
  await stream.close()
  let text = ''
  for await (const chunk of chunks(stream)) text += new TextDecoder().decode(chunk)
  return text
}

const commands = {
  echo: async ({ address, size }) => { await echo(address, size, 7); return {} },
  streams: async ({ address, total }) => {
    await Promise.all(Array.from({ length: total }, (_, i) => echo(address, 100 + (i % 50), i)))
    return {}
  },
  count: async ({ address, size }) => ({ text: await ask(address, COUNT, size) }),
  slow: async ({ address, size }) => ({ text: await ask(address, SLOW, size) }),
  reset: async ({ address }) => {
    const stream = await node.dialProtocol(multiaddr(address), RESET, many)
    await send(stream, new Uint8Array(1))
    try {
      await count(stream)
      return { outcome: 'end' }
    } catch (error) {
      return { outcome: error.name }
    }
  },
  ping: async ({ address }) => ({ ms: await node.services.ping.ping(multiaddr(address)) }),
  dial: async ({ address }) => {
    const connection = await node.dial(multiaddr(address))
    return { muxer: connection.multiplexer, encryption: connection.encryption, remote: connection.remotePeer.toString() }
  },
  hangUp: async ({ peer }) => { await node.hangUp(peerIdFromString(peer)); return {} },
  known: async ({ peer }) => {
    const known = await node.peerStore.get(peerIdFromString(peer))
    const text = key => known.metadata.has(key) ? new TextDecoder().decode(known.metadata.get(key)) : null
    return { protocols: known.protocols, agent: text('AgentVersion'), version: text('ProtocolVersion'), sealed: known.peerRecordEnvelope != null, addresses: known.addresses.map(a => a.multiaddr.toString()) }
  },
  handle: async ({ protocol }) => { await node.handle(protocol, stream => stream.close()); return {} },
  stop: async () => { await node.stop(); return {} }
}

const say = message => process.stdout.write(JSON.stringify(message) + '\n')
say({ id: node.peerId.toString(), addresses: node.getMultiaddrs().map(String) })
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  commands[command.name](command).then(
    answer => say({ call: command.call, ok: true, ...answer }),
    error => say({ call: command.call, ok: false, error: `${error.name}: ${error.message}` })
  ).finally(() => { if (command.name === 'stop') process.exit(0) })
}
process.exit(0)
