/* wingmirror
name: Errors after a release
group: shop/web
schedule: "* * * * *"
targets:
  - alias(asPercent(sumSeries(shop.web*.errors.5xx), sumSeries(shop.web*.requests.rate)), "errors in %")
  - alias(drawAsInfinite(deploys.web), "drawAsInfinite(release)")
  - alias(drawAsInfinite(deploys.rollback), "drawAsInfinite(rollback)")
minutes: 30
alerts:
  - mailto:web@example.com
labels: {team: web}
description: Compares the errors before the last release with those of the last minute. The marks of releases are drawn as vertical lines.
*/
// A mark is a series with a single point now and then; everything else is null.
const releases = @b.entries.filter(e => e.value)

// What share of requests failed between two times.
const errors = (from, until) =>
  mean(@a.entries.filter(e => e.timestamp > from && e.timestamp <= until).map(e => e.value))

if (releases.length === 0) {
  puts("no release in this window")
} else {
  const release = releases[releases.length - 1].timestamp
  const newest = @a.entries[@a.entries.length - 1].timestamp
  const before = errors(release - 300, release)
  const after = errors(Math.max(release, newest - 60), newest)
  puts(`released at ${new Date(release * 1000).toISOString().slice(11, 16)} UTC`)
  puts(`errors before: ${before.toFixed(2)} %, now: ${after.toFixed(2)} %`)
  if (after > 1 && after > 3 * before) {
    throw new Warning(`${after.toFixed(1)} % of requests fail since the last release, it was ${before.toFixed(1)} %`)
  }
}
