/* wingmirror
name: Conversion rate
group: shop/checkout
schedule: "* * * * *"
timezone: Europe/Berlin
targets:
  - shop.checkout.impressions
  - shop.checkout.conversions
minutes: 2
alerts:
  - mailto:oncall@example.com
  - pagerduty:0123456789abcdef0123456789abcdef
repeat: 60m
labels: {team: checkout}
tests:
  - name: one in twenty is too few
    series:
      shop.checkout.impressions: 100x6
      shop.checkout.conversions: 5x6
    expect: {level: critical, message: below 10%}
  - name: one in five is quiet
    series:
      shop.checkout.impressions: 100x6
      shop.checkout.conversions: 20x6
    expect: {level: ok, output: "20.0 %"}
description: How many of those who see the checkout buy. The smallest monitor there is, so start reading here.
*/
// Every target is a series with a letter, in the order of the list above:
// @a is the impressions, @b the conversions.
const rate = sum(@b) / sum(@a) * 100

puts(`${rate.toFixed(1)} % of ${sum(@a)} visitors bought something`)

// What you throw is the alert. A monitor that reaches its end is ok.
if (rate < 10) throw "The conversion rate has dropped below 10%"
