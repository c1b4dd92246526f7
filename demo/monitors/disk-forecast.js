/* wingmirror
name: Disk of the file server
group: shop/machines
schedule: "@every 30s"
targets:
  - alias(shop.disk.files1.used_percent, "used")
minutes: 15
alerts:
  - mailto:machines@example.com
  - pagerduty:0123456789abcdef0123456789abcdef
labels: {team: machines}
description: Asks when the disk will be full, not how full it is. It fills in minutes here; give a real one hours.
*/
const used = @a.values[@a.values.length - 1]
const perMinute = used - @a.values[@a.values.length - 7] // six steps of ten seconds back

with_metrics(a => graph_value("used", a.timestamp, a.value))

if (perMinute <= 0) {
  puts(`${used.toFixed(0)} % used, and not growing`)
} else {
  const left = (100 - used) / perMinute

  // A graph may reach into the future.
  for (let m = 0; m <= Math.min(left, 10); m++) graph_value("forecast", @now + 60 * m, used + perMinute * m)

  const text = `${used.toFixed(0)} % used; full in ${left.toFixed(0)} minutes`
  puts(text)
  if (left < 5) throw text
  if (left < 10) throw new Warning(text)
}
