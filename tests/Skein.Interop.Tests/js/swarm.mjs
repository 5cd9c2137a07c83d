// Several DHT servers of js-libp2p in one process, steered by lines of JSON as peer.mjs is; each command names its node.
import { createInterface } from 'node:readline'
import { createLibp2p } from 'libp2p'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { identify, identifyPush } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import { decode } from 'multiformats/hashes/digest'

const COUNT = 5
const RAW = 0x55
const text = bytes => new TextDecoder().decode(bytes)
const bytes = value => new TextEncoder().encode(value)

// The test's namespace: values are whole numbers, the higher the better.
const isNumber = value => /^[+-]?\d+$/.test(text(value))
const start = clientMode => createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'] },
  transports: [tcp(), webSockets()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionGater: { denyDialMultiaddr: () => false },
  connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: 1000 },
  services: {
    identify: identify(),
    push: identifyPush(),
    ping: ping(),
    dht: kadDHT({
      protocol: '/skein/kad/1.0.0',
      clientMode,
      // A busy machine answers late, and nothing asks newcomers twice.
      pingNewContactTimeout: { minTimeout: 30000 },
      peerInfoMapper: passthroughMapper,
      allowQueryWithZeroPeers: true,
      validators: { num: async (key, value) => { if (!isNumber(value)) throw new Error('no number') } },
      selectors: { num: (key, values) => values.reduce((best, value, i) => Number(text(value)) > Number(text(values[best])) ? i : best, 0) }
    })
  }
})

// The last one is a client.
const nodes = await Promise.all(Array.from({ length: COUNT + 1 }, (_, i) => start(i === COUNT)))
const dht = node => nodes[node].services.dht
const cid = hex => CID.createV1(RAW, decode(Uint8Array.from(Buffer.from(hex, 'hex'))))

const commands = {
  join: async ({ node, address }) => { await nodes[node].dial(multiaddr(address)); return {} },
  table: async ({ node }) => ({ peers: [...dht(node).routingTable.kb.toIterable()].map(peer => peer.peerId.toString()) }),
  // Meets everybody on the way to itself.
  walk: async ({ node }) => {
    for await (const _ of dht(node).getClosestPeers(nodes[node].peerId.toMultihash().bytes)) { /* who answers is learnt of */ }
    return {}
  },
  put: async ({ node, key, value }) => {
    let taken = 0
    for await (const event of dht(node).put(bytes(key), bytes(value))) {
      if (event.name === 'PEER_RESPONSE' && event.messageName === 'PUT_VALUE') taken++
    }
    return { taken }
  },
  get: async ({ node, key }) => {
    let value = null
    for await (const event of dht(node).get(bytes(key))) {
      if (event.name === 'VALUE') value = text(event.value)
    }
    return { value }
  },
  provide: async ({ node, hash }) => {
    let told = 0
    for await (const event of dht(node).provide(cid(hash))) {
      if (event.name === 'PEER_RESPONSE' && event.messageName === 'ADD_PROVIDER') told++
    }
    return { told }
  },
  providers: async ({ node, hash }) => {
    const found = new Set()
    for await (const event of dht(node).findProviders(cid(hash))) {
      if (event.name === 'PROVIDER') event.providers.forEach(peer => found.add(peer.id.toString()))
    }
    return { found: [...found] }
  },
  find: async ({ node, peer }) => {
    let addresses = []
    for await (const event of dht(node).findPeer(peerIdFromString(peer))) {
      if (event.name === 'FINAL_PEER') addresses = event.peer.multiaddrs.map(String)
    }
    return { addresses }
  },
  kill: async ({ node }) => { await nodes[node].stop(); return {} }
}

const say = message => process.stdout.write(JSON.stringify(message) + '\n')
say({ id: nodes[0].peerId.toString(), addresses: nodes[0].getMultiaddrs().map(String), nodes: nodes.slice(0, COUNT).map(node => node.peerId.toString()), client: nodes[COUNT].peerId.toString() })
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  commands[command.name](command).then(
    answer => say({ call: command.call, ok: true, ...answer }),
    error => say({ call: command.call, ok: false, error: `${error.name}: ${error.message}` })
  )
}
process.exit(0)
