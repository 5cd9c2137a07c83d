// A browser's part in the network: dials a node by WebSocket, pings it, and finds another peer through the DHT. Tests read what it posts.
import { createLibp2p } from 'libp2p'
import { webSockets } from '@libp2p/websockets'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'

interface Result { ok: boolean, pingMs?: number, found?: string[], foundPingMs?: number, error?: string }

async function visit (node: string, sought: string): Promise<Result> {
  const browser = await createLibp2p({
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // The test's nodes are on this machine; a browser would otherwise not dial private addresses.
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify(),
      // The DHT pings newcomers by this service too: with one stream, ours and its own would exclude each other.
      ping: ping({ maxOutboundStreams: 2 }),
      dht: kadDHT({ protocol: '/skein/kad/1.0.0', clientMode: true, peerInfoMapper: passthroughMapper })
    }
  })
  try {
    const connection = await browser.dial(multiaddr(node))
    const pingMs = await browser.services.ping.ping(connection.remotePeer)
    const signal = AbortSignal.timeout(20_000)
    const peer = peerIdFromString(sought)
    while (true) {
      try {
        const info = await browser.peerRouting.findPeer(peer, { signal })
        const foundPingMs = await browser.services.ping.ping(peer)
        return { ok: true, pingMs, found: info.multiaddrs.map(address => address.toString()), foundPingMs }
      } catch (error) {
        // The first node may not be in the routing table yet.
        if (signal.aborted) throw error
        await new Promise(resolve => setTimeout(resolve, 100))
      }
    }
  } finally {
    await browser.stop()
  }
}

const query = new URLSearchParams(location.search)
const result = await visit(query.get('node') ?? '', query.get('find') ?? '').catch((error: unknown): Result => ({ ok: false, error: String(error instanceof Error ? error.stack : error) }))
document.body.textContent = JSON.stringify(result)
await fetch('/result', { method: 'POST', body: JSON.stringify(result) })
