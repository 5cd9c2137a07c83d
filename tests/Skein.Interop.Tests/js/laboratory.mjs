// The laboratory's internet is made of addresses for documentation, which js-libp2p takes for private: here they are public, as they are to us (IpScope.LaboratorySwitch).
import { Netmask } from 'netmask'

const contains = Netmask.prototype.contains
Netmask.prototype.contains = function (ip) { return this.base !== '203.0.113.0' && contains.call(this, ip) }
