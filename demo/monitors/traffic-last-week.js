/* wingmirror
name: Traffic against last week
group: shop/web
schedule: "* * * * *"
targets:
  - alias(sumSeries(shop.web*.requests.rate), "now")
  - alias(timeShift(sumSeries(shop.web*.requests.rate), "7d"), "a week ago")
minutes: 30
alerts:
  - mailto:web@example.com
labels: {team: web}
description: No fixed limit suits both noon and night. The same hour a week ago does.
*/
const share = 0.7

with_metrics((now, before) => {
  graph_value("requests/s", now.timestamp, now.value)
  graph_value("limit", now.timestamp, before.value === null ? null : before.value * share)
})

// Two minutes of each: long enough for the noise to even out.
const now = mean(@a.values.slice(-12)), before = mean(@b.values.slice(-12))
puts(`${now.toFixed(0)} requests/s, a week ago ${before.toFixed(0)}`)

if (now < share * before) {
  throw new Warning(`traffic is ${(100 - now / before * 100).toFixed(0)} % lower than a week ago`)
}
