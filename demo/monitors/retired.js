/* wingmirror
name: Old mobile app (nobody sends this metric)
group: examples
schedule: "* * * * *"
targets:
  - shop.mobile.v1.requests.rate
minutes: 15
labels: {team: nobody}
description: Here to show a fault. The app was switched off and its metric is gone, so the level is unknown, not critical.
*/
// The target is missing, so @a is a series without points and has no last one.
// The next line fails, as a script of yours may one day. Wingmirror then says
// that it cannot tell how the world is, and keeps the level that it knew last.
const latest = @a.last.value

puts(`${latest} requests/s`)
if (latest === 0) throw "the old app has fallen silent"
