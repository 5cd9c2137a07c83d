// Any number of js-libp2p peers in one process, steered by lines of JSON as peer.mjs is: each command names its node, and "start" makes one.
import { createInterface } from 'node:readline'
import { createLibp2p } from 'libp2p'
import { tcp } from '@libp2p/tcp'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { identify, identifyPush } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { autoNAT } from '@libp2p/autonat'
import { autoNATv2 } from '@libp2p/autonat-v2'
import { dcutr } from '@libp2p/dcutr'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'

const ECHO = '/skein/test/echo/1.0.0'
const PAUSE = '/skein/test/pause/1.0.0'
const IGNORE = '/skein/test/ignore/1.0.0'

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
const send = async (stream, bytes) => { if (!stream.send(bytes)) await stream.onDrain() }
const optional = {
  autonat: () => autoNAT(),
  autonat2: () => autoNATv2(),
  dcutr: () => dcutr({ timeout: 30000 }),
  relay: () => circuitRelayServer({ reservations: { applyDefaultLimit: false } }),
  strictRelay: () => circuitRelayServer()
}

const nodes = new Map()
// The stream that a test looks at, by node.
const held = new Map()

// from: the address that dials leave from; idle: milliseconds after which a silent socket is closed; quiet: no pings of its own.
async function start ({ name, listen = [], announce = [], services = [], from, idle, quiet = false }) {
  const node = await createLibp2p({
    addresses: { listen, announce },
    transports: [
      tcp({ inboundSocketInactivityTimeout: idle, outboundSocketInactivityTimeout: idle, dialOpts: from == null ? {} : { localAddress: from } }),
      circuitRelayTransport()
    ],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ enableKeepAlive: !quiet })],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: 1000 },
    connectionMonitor: { enabled: !quiet },
    services: { identify: identify(), push: identifyPush(), ping: ping(), ...Object.fromEntries(services.map(service => [service, optional[service]()])) }
  })
  nodes.set(name, node)
  await node.handle(ECHO, stream => {
    stream.addEventListener('message', event => { send(stream, event.data.subarray()).catch(() => {}) })
    stream.addEventListener('remoteCloseWrite', () => { stream.close().catch(() => {}) })
  }, { runOnLimitedConnection: true })
  // Stops to read after the first byte, and says so by a byte of its own.
  await node.handle(PAUSE, stream => {
    const entry = { stream, received: 0 }
    held.set(name, entry)
    stream.addEventListener('message', event => {
      const first = entry.received === 0
      entry.received += event.data.byteLength
      if (first) {
        stream.pause()
        stream.send(new Uint8Array(1))
      }
    })
  })
  // Takes what comes, and never looks at it.
  await node.handle(IGNORE, stream => { held.set(name, { stream, received: 0 }) })
  const relayed = listen.some(address => address.endsWith('/p2p-circuit'))
  for (let i = 0; relayed && i < 1500 && !node.getMultiaddrs().some(address => address.toString().includes('/p2p-circuit')); i++) await sleep(20)
  return { id: node.peerId.toString(), listens: node.components.transportManager.getAddrs().map(String), addresses: node.getMultiaddrs().map(String) }
}

const seen = addr => ({ address: addr.multiaddr.toString(), type: addr.type, verified: addr.verified, isSettled: addr.expires > Date.now() })
const service = name => {
  const { autonat, autonat2 } = nodes.get(name).services
  return autonat2?.client ?? autonat
}

const commands = {
  start,
  addresses: async ({ name }) => ({ addresses: nodes.get(name).getMultiaddrs().map(String) }),
  stop: async ({ name }) => { await nodes.get(name).stop(); nodes.delete(name); return {} },
  dial: async ({ name, address }) => { await nodes.get(name).dial(multiaddr(address)); return {} },
  // What the node believes of its own addresses.
  own: async ({ name }) => ({ own: nodes.get(name).components.addressManager.getAddressesWithMetadata().map(seen) }),
  // Answers of AutoNAT servers that are not enough yet.
  answers: async ({ name }) => ({ answers: [...service(name).dialResults.values()].map(entry => ({ address: entry.multiaddr.toString(), success: entry.success, failure: entry.failure })) }),
  // A port of a router that leads to the node.
  map: async ({ name, ip, port, outsideIp, outsidePort }) => { nodes.get(name).components.addressManager.addPublicAddressMapping(ip, port, outsideIp, outsidePort, 'tcp'); return {} },
  // Believes in the addresses listened on, and tells them.
  confirm: async ({ name }) => {
    const { addressManager, transportManager } = nodes.get(name).components
    transportManager.getAddrs().forEach(address => addressManager.confirmObservedAddr(address))
    return { addresses: nodes.get(name).getMultiaddrs().map(String) }
  },
  connections: async ({ name, peer }) => ({
    connections: nodes.get(name).getConnections(peerIdFromString(peer)).map(connection => ({ remote: connection.remoteAddr.toString(), direction: connection.direction, status: connection.status }))
  }),
  // Opens a stream and gives it all bytes at once: those that the window does not let go wait here.
  fill: async ({ name, address, protocol, size }) => {
    const connection = await nodes.get(name).dial(multiaddr(address))
    const stream = await connection.newStream(protocol)
    const entry = { stream, received: 0 }
    held.set(name, entry)
    stream.addEventListener('message', event => { entry.received += event.data.byteLength })
    stream.send(new Uint8Array(size))
    return {}
  },
  held: async ({ name }) => {
    const { stream, received } = held.get(name)
    return { status: stream.status, received, unread: stream.readBufferLength, mayCome: stream.recvWindowCapacity, window: stream.recvWindow, unsent: stream.writeBufferLength, maySend: stream.sendWindowCapacity }
  },
  // From now on waits of ten seconds and more pass so many times as fast.
  hurry: async ({ factor }) => {
    const real = globalThis.setTimeout
    globalThis.setTimeout = (task, ms, ...rest) => real(task, ms >= 10000 ? ms / factor : ms, ...rest)
    return {}
  },
  // Until when, in seconds since 1970, the node has a place at a relay.
  place: async ({ name, peer }) => {
    const circuits = nodes.get(name).components.transportManager.getTransports().find(transport => transport.reservationStore != null)
    const place = circuits.reservationStore.getReservation(peerIdFromString(peer))
    return { until: place == null ? null : Number(place.expire) }
  },
  resume: async ({ name }) => { held.get(name).stream.resume(); return {} }
}

const say = message => process.stdout.write(JSON.stringify(message) + '\n')
say({})
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  commands[command.name]({ ...command, name: command.node }).then(
    answer => say({ call: command.call, ok: true, ...answer }),
    error => say({ call: command.call, ok: false, error: `${error.name}: ${error.message}` })
  )
}
process.exit(0)
