/* wingmirror
name: Logins by method
group: shop/accounts
schedule: "@every 20s"
targets:
  - aliasByNode(shop.logins.*.succeeded, 2)
minutes: 10
alerts:
  - mailto:accounts@example.com
  - pagerduty:0123456789abcdef0123456789abcdef
labels: {team: accounts}
description: Names every way to log in that nobody got through for a minute. One target, as many series as match it.
*/
// @timeseries is all series, however many the wildcard found today. Graphite's
// aliasByNode has cut their labels down to the method's name.
const points = 6 // of ten seconds each: one minute

const silent = @timeseries
  .filter(s => sum(s.values.slice(-points)) === 0)
  .map(s => s.label.toLowerCase())

@timeseries.forEach(s => puts(`${s.label}: ${sum(s.values.slice(-points))} in the last minute`))

if (silent.length > 0) {
  throw "No successful logins in 1 min for the following: " + silent.join(", ")
}
