// Node 20 lacks two things that js-libp2p 3 counts on.
Promise.withResolvers ??= function () {
  let resolve, reject
  const promise = new this((a, b) => { resolve = a; reject = b })
  return { promise, resolve, reject }
}
globalThis.WebSocket ??= (await import('ws')).WebSocket
