package demo

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// shop is the imaginary shop: all its series, for all times.
type shop struct {
	seed   uint64
	offset int64 // of the cycle, in seconds, a multiple of the native step
}

func newShop(seed uint64) shop {
	return shop{seed: seed, offset: int64(mix(seed)%(cycle/nativeStep)) * nativeStep}
}

// metrics returns the tree, sorted by path.
func (s shop) metrics() []metric {
	all := slices.Concat(s.servers(), s.checkout(), s.logins(), s.insides(), s.deploys())
	slices.SortFunc(all, func(a, b metric) int { return cmp.Compare(a.path, b.path) })
	return all
}

// gauge is a metric with its share of points that got lost on the way.
func (s shop) gauge(path string, at func(t int64) float64) metric {
	key := s.key(path)
	return metric{path: path, at: func(t int64) float64 {
		if mix(key^uint64(t)^0x10557)%500 == 0 {
			return math.NaN()
		}
		return at(t)
	}}
}

// count is a gauge of whole numbers of events, spread around a mean as events are.
func (s shop) count(path string, mean func(t int64) float64) metric {
	key := s.key(path)
	m := s.gauge(path, func(t int64) float64 {
		expected := max(mean(t), 0)
		return max(math.Round(expected+math.Sqrt(expected)*normal(key, t)), 0)
	})
	m.sum = true
	return m
}

func (s shop) servers() []metric {
	var all []metric
	for i := 1; i <= 4; i++ {
		name := fmt.Sprintf("shop.web%d.", i)
		key := s.key(name)
		share := 0.9 + 0.05*float64(i)
		rate := func(t int64) float64 {
			return 120 * share * s.visits(t) * (1 + 0.04*normal(key, t))
		}
		slow := func(t int64) float64 {
			return (1 + 5*s.strength(t, database)) * (1 + 0.05*normal(key^1, t))
		}
		all = append(all,
			s.gauge(name+"requests.rate", rate),
			s.gauge(name+"latency.p50", func(t int64) float64 { return (40 + 25*s.load(t)) * slow(t) }),
			s.gauge(name+"latency.p95", func(t int64) float64 { return (150 + 50*s.load(t)) * slow(t) }),
			s.gauge(name+"latency.p99", func(t int64) float64 { return (320 + 130*s.load(t)) * slow(t) }),
			s.gauge(name+"errors.5xx", func(t int64) float64 {
				return rate(t) * (0.002 + 0.07*s.strength(t, badRelease) + 0.004*s.strength(t, database)) * (1 + 0.2*normal(key^2, t))
			}),
			s.gauge(name+"cpu", func(t int64) float64 {
				return min(20+45*s.load(t)+20*s.strength(t, database)+3*normal(key^3, t), 100)
			}),
		)
	}
	return all
}

func (s shop) checkout() []metric {
	impressions := func(t int64) float64 { return 300 * s.visits(t) }
	providers := []struct {
		name           string
		share, refusal float64 // of the orders; of them when all is well
		broken         float64 // more of them when the incident is at its height
	}{{"cardline", 0.85, 0.02, 0.95}, {"bluepay", 0.1, 0.03, 0}, {"swiftbank", 0.05, 0.01, 0}}
	conversion := 0.0
	all := []metric{s.count("shop.checkout.impressions", impressions)}
	orders := func(t int64) float64 { return 0.2 * impressions(t) }
	for _, p := range providers {
		refused := func(t int64) float64 { return p.refusal + p.broken*s.strength(t, payments) }
		all = append(all,
			s.count("shop.payments."+p.name+".succeeded", func(t int64) float64 { return p.share * orders(t) * (1 - refused(t)) }),
			s.count("shop.payments."+p.name+".failed", func(t int64) float64 { return p.share * orders(t) * refused(t) }))
		conversion += p.share * (1 - p.refusal)
	}
	lost := providers[0].share * providers[0].broken
	return append(all, s.count("shop.checkout.conversions", func(t int64) float64 {
		return orders(t) * (conversion - lost*s.strength(t, payments))
	}))
}

func (s shop) logins() []metric {
	var all []metric
	for _, method := range []struct {
		name string
		rate float64 // attempts in ten seconds at the busiest hour
	}{{"Password", 40}, {"Google", 28}, {"Apple", 24}, {"SSO", 22}} {
		works := func(t int64) float64 {
			if method.name == "SSO" {
				return 1 - s.strength(t, signOn)
			}
			return 1
		}
		all = append(all,
			s.count("shop.logins."+method.name+".succeeded", func(t int64) float64 { return 0.93 * method.rate * s.load(t) * works(t) }),
			s.count("shop.logins."+method.name+".failed", func(t int64) float64 { return method.rate * s.load(t) * (1 - 0.93*works(t)) }))
	}
	return all
}

// insides are what customers do not see.
func (s shop) insides() []metric {
	key := s.key("insides")
	orders := s.gauge("shop.queue.orders.depth", func(t int64) float64 {
		return max(math.Round(18+s.backlog(t)+3*normal(key, t)), 0)
	})
	// The queue's collector restarts now and then: a gap, not an empty queue.
	depth := orders.at
	orders.at = func(t int64) float64 {
		if s.elapsed(t, rollbackAt+minute) < 50 || s.elapsed(t, badRelease.start-50) < 50 {
			return math.NaN()
		}
		return depth(t)
	}
	return []metric{
		orders,
		s.gauge("shop.queue.mails.depth", func(t int64) float64 { return max(math.Round(9+4*normal(key^1, t)), 0) }),
		{path: "shop.disk.files1.used_percent", at: func(t int64) float64 { return s.diskUse(t) + 0.05*normal(key^2, t) }},
		{path: "shop.disk.db1.used_percent", at: func(t int64) float64 { return 41 + 12*float64(t%day)/day }},
		{path: "shop.disk.db2.used_percent", at: func(t int64) float64 { return 44 + 12*float64((t+5*hour)%day)/day }},
		s.gauge("shop.cache.pages.hit_ratio", func(t int64) float64 {
			return 0.96 - 0.5*s.coldness(t) + 0.004*normal(key^3, t)
		}),
		s.gauge("shop.cache.sessions.hit_ratio", func(t int64) float64 { return 0.985 + 0.003*normal(key^4, t) }),
		sparse("shop.batch.search_index.duration", 5*minute, func(t int64) float64 {
			return 42 + 3*normal(key^5, t) + 30*s.strength(t, database)
		}),
		sparse("shop.batch.invoices.duration", hour, func(t int64) float64 { return 600 + 900*s.load(t) + 40*normal(key^6, t) }),
	}
}

// sparse is a metric that is sent once in a while, at multiples of every.
func sparse(path string, every int64, at func(t int64) float64) metric {
	return metric{path: path, at: func(t int64) float64 {
		if t%every != 0 {
			return math.NaN()
		}
		return at(t)
	}}
}

// deploys are marks: 1 at the moment, and nothing else.
func (s shop) deploys() []metric {
	mark := func(path string, moment int64) metric {
		return metric{path: path, sum: true, at: func(t int64) float64 {
			if s.elapsed(t, moment) != 0 {
				return math.NaN()
			}
			return 1
		}}
	}
	return []metric{
		mark("deploys.checkout", checkoutReleaseAt),
		mark("deploys.web", releaseAt),
		mark("deploys.rollback", rollbackAt),
	}
}
