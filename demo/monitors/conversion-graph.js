/* wingmirror
name: Conversions over the hour
group: shop/checkout
schedule: "* * * * *"
targets:
  - shop.checkout.impressions
  - shop.checkout.conversions
minutes: 60
labels: {team: checkout}
description: Draws a graph of its own. It never throws, so it is always ok; a monitor may just be a picture.
*/
let impressions = 0, conversions = 0, rate = 0

// with_metrics walks all series side by side and gives you a point of each.
with_metrics((a, b) => {
  impressions += a.value
  conversions += b.value
  rate = conversions / impressions * 100

  // Without graph_value, the graph would be the targets as they came.
  // A value of null is a gap in the line.
  graph_value("# of impressions", a.timestamp, a.value)
  graph_value("# of conversions", b.timestamp, b.value)
  graph_value("Conversion Rate", a.timestamp, rate)
})

puts(`${conversions} of ${impressions}: ${rate.toFixed(2)} %`)
