/* wingmirror
name: Response time
group: shop/web
schedule: "@every 10s"
targets:
  - alias(maxSeries(shop.web*.latency.p95), "slowest server, p95 in ms")
minutes: 15
params: {warning: 400, critical: 800}
alerts:
  - mailto:web@example.com
  - pagerduty:0123456789abcdef0123456789abcdef
labels: {team: web}
description: Two limits, two levels. The limits are parameters, so they can be changed without touching the script.
*/
// One slow point is noise. The median of the last minute is not moved by it.
const recent = median(@a.values.slice(-6))
const text = `the slowest server answers in ${recent.toFixed(0)} ms`
puts(text)

with_metrics(a => {
  graph_value(a.label, a.timestamp, a.value)
  graph_value("warning", a.timestamp, @params.warning)
  graph_value("critical", a.timestamp, @params.critical)
})

// The graver limit first: whatever is thrown first is what counts. A Warning
// makes the level warning, anything else makes it critical.
if (recent > @params.critical) throw `${text}, more than ${@params.critical} ms`
if (recent > @params.warning) throw new Warning(`${text}, more than ${@params.warning} ms`)
