/* wingmirror
name: Orders waiting for payment
group: shop/checkout
schedule: "@every 15s"
targets:
  - shop.queue.orders.depth
minutes: 15
alerts:
  - mailto:oncall@example.com
labels: {team: checkout}
description: The last known length of a queue whose collector falls silent at times. No value is not the value zero.
*/
// Where the collector was silent the value is null, and null is less than
// anything you compare it with: leave it out before you look.
const known = @a.entries.filter(e => e.value !== null)

if (known.length === 0) throw new Warning("nothing is known about the queue for 15 minutes")

const latest = known[known.length - 1]
const age = @now - latest.timestamp
puts(`${latest.value} orders wait, as of ${age} s ago`)

if (latest.value > 90) throw new Warning(`${latest.value} orders wait for their payment`)
