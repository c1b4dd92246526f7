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
// The target is missing, so @a is a series without points. A mean of nothing is no
// number: mean() refuses, rather than have null compared with 0 below. Wingmirror
// then says that it cannot tell how the world is, and keeps the level that it knew
// last. Where no value is a fine answer, say which number it stands for: mean(@a, 0).
const rate = mean(@a)

puts(`${rate} requests/s`)
if (rate === 0) throw "the old app has fallen silent"
