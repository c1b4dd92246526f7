package demo

import (
	"hash/fnv"
	"math"
)

// load is how busy the shop is by season alone, as a part of its busiest hour:
// most in the evening, least before dawn (UTC), less at weekends.
func (s shop) load(t int64) float64 {
	hours := float64(t%day) / hour
	daily := 0.62 + 0.38*math.Cos(2*math.Pi*(hours-19)/24)
	// The first day of the epoch was a Thursday.
	weekly := [...]float64{1, 1.05, 0.85, 0.8, 0.95, 0.97, 1}[(t/day)%7]
	return daily * weekly * (1 + 0.05*smooth(s.key("load"), t, 15*minute))
}

// visits is the load that reaches the shop.
func (s shop) visits(t int64) float64 {
	return s.load(t) * (1 - 0.6*s.strength(t, traffic))
}

// key makes the noise of a path independent of every other's.
func (s shop) key(path string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(path))
	return mix(h.Sum64() ^ mix(s.seed))
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// uniform is a number from 0 to 1 for each key and time.
func uniform(key uint64, t int64) float64 {
	return float64(mix(key^uint64(t))>>11) / (1 << 53)
}

// normal is noise of mean 0 and deviation 1 for each key and time: four uniform
// numbers added up, which never stray further than 3.5.
func normal(key uint64, t int64) float64 {
	total := uniform(key, t) + uniform(key+0x5bd1, t) + uniform(key+0xa7c3, t) + uniform(key+0xe915, t)
	return (total - 2) * math.Sqrt(3)
}

// smooth is noise from -1 to 1 that changes slowly: drawn at multiples of every
// seconds and joined by half waves.
func smooth(key uint64, t, every int64) float64 {
	at := float64(t%every) / float64(every)
	a, b := uniform(key, t/every), uniform(key, t/every+1)
	weight := (1 - math.Cos(math.Pi*at)) / 2
	return 2*(a+(b-a)*weight) - 1
}
