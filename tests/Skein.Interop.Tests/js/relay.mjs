// Three js-libp2p peers in one process for the roles of circuit relay v2, steered by lines of JSON as peer.mjs is: a relay, a called and a caller.
import { createInterface } from 'node:readline'
import { createLibp2p } from 'libp2p'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { identify, identifyPush } from '@libp2p/identify'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { multiaddr } from '@multiformats/multiaddr'

const ECHO = '/skein/test/echo/1.0.0'
const limited = { runOnLimitedConnection: true }
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

const start = (listen, services = {}) => createLibp2p({
  addresses: { listen },
  transports: [tcp(), webSockets(), circuitRelayTransport()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionGater: { denyDialMultiaddr: () => false },
  connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: 1000 },
  services: { identify: identify(), push: identifyPush(), ...services }
})

const send = async (stream, bytes) => { if (!stream.send(bytes)) await stream.onDrain() }
async function answer (stream) {
  stream.addEventListener('message', event => { send(stream, event.data.subarray()).catch(() => {}) })
  stream.addEventListener('remoteCloseWrite', () => { stream.close().catch(() => {}) })
}

const listen = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']
const nodes = {
  relay: await start(listen, { relay: circuitRelayServer({ reservations: { applyDefaultLimit: false } }) }),
  strict: await start(listen, { relay: circuitRelayServer() }),
  caller: await start([])
}
await nodes.caller.handle(ECHO, answer, limited)

const commands = {
  // A new peer that is reached through the relay alone.
  reserve: async ({ relay }) => {
    await nodes.called?.stop()
    nodes.called = await start([`${relay}/p2p-circuit`])
    await nodes.called.handle(ECHO, answer, limited)
    for (let i = 0; i < 1000 && !nodes.called.getMultiaddrs().some(a => a.toString().includes('/p2p-circuit')); i++) await sleep(20)
    return { id: nodes.called.peerId.toString(), addresses: nodes.called.getMultiaddrs().map(String) }
  },
  echo: async ({ address, size }) => {
    const connection = await nodes.caller.dial(multiaddr(address))
    const stream = await connection.newStream(ECHO, limited)
    const sent = new Uint8Array(size).map((_, i) => i * 31)
    let received = 0
    let same = true
    const done = new Promise((resolve, reject) => {
      stream.addEventListener('message', event => {
        for (const byte of event.data.subarray()) same &&= byte === sent[received++]
        if (received >= size) resolve()
      })
      stream.addEventListener('close', event => { if (received < size) reject(event.error ?? new Error(`closed after ${received}`)) })
    })
    done.catch(() => {}) // a send may fail before anybody waits for it
    for (let at = 0; at < size; at += 16384) await send(stream, sent.subarray(at, Math.min(size, at + 16384)))
    await done
    await stream.close()
    return { same, received, limited: connection.limits != null, remote: connection.remoteAddr.toString() }
  },
  hangUp: async () => { await Promise.all(nodes.caller.getConnections().map(connection => connection.close())); return {} }
}

const say = message => process.stdout.write(JSON.stringify(message) + '\n')
say({ id: nodes.relay.peerId.toString(), addresses: nodes.relay.getMultiaddrs().map(String), strict: nodes.strict.getMultiaddrs().map(String) })
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  commands[command.name](command).then(
    answer => say({ call: command.call, ok: true, ...answer }),
    error => say({ call: command.call, ok: false, error: `${error.name}: ${error.message}` }))
}
process.exit(0)
