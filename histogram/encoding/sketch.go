package encoding

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"sort"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/pb/sketchpb"
	"github.com/DataDog/sketches-go/ddsketch/store"
	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/caio/go-tdigest/v4"
	"google.golang.org/protobuf/proto"

	"wingmirror/distribution"
	"wingmirror/monitor"
)

// The fixed buckets of sketches: from 2^-20, a millionth, to 2^50, a
// quadrillion, four to each doubling, with one for what is nearer to 0 and one
// for what is above.
const (
	lowestPower  = -20
	highestPower = 50
	perDoubling  = 4
)

// SketchEdges returns the edges of the buckets that sketches are put into; with
// negative, as many again below 0.
func SketchEdges(negative bool) []float64 {
	positive := []float64{0}
	for i := lowestPower * perDoubling; i <= highestPower*perDoubling; i++ {
		positive = append(positive, math.Exp2(float64(i)/perDoubling))
	}
	if !negative {
		return positive
	}
	var edges []float64
	for i := len(positive) - 1; i > 0; i-- {
		edges = append(edges, -positive[i])
	}
	return append(edges, positive...)
}

// piece is some values between two places.
type piece struct{ from, to, count float64 }

// spread puts pieces into the fixed buckets.
func spread(pieces []piece) (distribution.Histogram, error) {
	negative, total := false, 0.0
	for _, p := range pieces {
		if !(p.count >= 0) || math.IsInf(p.count, 0) || math.IsNaN(p.from) || math.IsNaN(p.to) {
			return distribution.Histogram{}, fmt.Errorf("it counts %v between %v and %v", p.count, p.from, p.to)
		}
		negative = negative || p.from < 0
		total += p.count
	}
	edges := SketchEdges(negative)
	h := distribution.Histogram{Edges: edges, Counts: make([]float64, len(edges)-1)}
	bucket := func(v float64) int {
		i := sort.Search(len(edges), func(i int) bool { return edges[i] > v }) - 1
		return min(max(i, 0), len(h.Counts)-1)
	}
	for _, p := range pieces {
		first, last := bucket(p.from), bucket(p.to)
		if first == last || p.to <= p.from {
			h.Counts[first] += p.count
			continue
		}
		for i := first; i <= last; i++ {
			from, to := max(p.from, edges[i]), min(p.to, edges[i+1])
			if i == last {
				to = p.to
			}
			h.Counts[i] += p.count * max(0, to-from) / (p.to - p.from)
		}
	}
	return h, nil
}

const maxUnpacked = 64 << 20 // bytes

// fromHDR reads the compressed form of version 2: a cookie, a length, and a zlib
// stream.
func fromHDR(data []byte) (distribution.Histogram, error) {
	if len(data) < 8 {
		return distribution.Histogram{}, errors.New("it is too short")
	}
	packed, err := zlib.NewReader(bytes.NewReader(data[8:]))
	if err != nil {
		return distribution.Histogram{}, err
	}
	size, err := io.Copy(io.Discard, io.LimitReader(packed, maxUnpacked+1))
	if err != nil {
		return distribution.Histogram{}, err
	}
	if size > maxUnpacked {
		return distribution.Histogram{}, fmt.Errorf("it unpacks to more than %d MB", maxUnpacked>>20)
	}
	decoded, err := hdrhistogram.Decode([]byte(base64.StdEncoding.EncodeToString(data)))
	if err != nil {
		return distribution.Histogram{}, err
	}
	var pieces []piece
	for _, bar := range decoded.Distribution() {
		if bar.Count != 0 {
			pieces = append(pieces, piece{float64(bar.From), float64(bar.To) + 1, float64(bar.Count)})
		}
	}
	return spread(pieces)
}

// fromDDSketch reads a protocol buffer, or the library's own encoding. Stores are
// sparse, so that a sketch cannot ask for more memory than it is long.
func fromDDSketch(data []byte) (distribution.Histogram, error) {
	var message sketchpb.DDSketch
	var sketch *ddsketch.DDSketch
	err := proto.Unmarshal(data, &message)
	if err == nil && message.Mapping != nil {
		sketch, err = ddsketch.FromProtoWithStoreProvider(&message, store.SparseStoreConstructor)
	} else {
		sketch, err = ddsketch.DecodeDDSketch(data, store.SparseStoreConstructor, nil)
	}
	if err != nil {
		return distribution.Histogram{}, err
	}
	pieces := []piece{{0, 0, sketch.GetZeroCount()}}
	sketch.GetPositiveValueStore().ForEach(func(i int, count float64) bool {
		pieces = append(pieces, piece{sketch.LowerBound(i), sketch.LowerBound(i + 1), count})
		return false
	})
	sketch.GetNegativeValueStore().ForEach(func(i int, count float64) bool {
		pieces = append(pieces, piece{-sketch.LowerBound(i + 1), -sketch.LowerBound(i), count})
		return false
	})
	return spread(pieces)
}

// fromTDigest reads the small encoding: its kind, compression, number of
// centroids, the centroids.
func fromTDigest(data []byte) (distribution.Histogram, error) {
	const head = 16
	if len(data) < head {
		return distribution.Histogram{}, errors.New("it is too short")
	}
	if n := binary.BigEndian.Uint32(data[12:head]); int64(n)*5 > int64(len(data)) {
		return distribution.Histogram{}, fmt.Errorf("it says that it has %d centroids, which is more than it is long", n)
	}
	digest, err := tdigest.FromBytes(bytes.NewReader(data))
	if err != nil {
		return distribution.Histogram{}, err
	}
	var centroids [][2]float64
	digest.ForEachCentroid(func(mean float64, count uint64) bool {
		centroids = append(centroids, [2]float64{mean, float64(count)})
		return true
	})
	return fromCentroids(centroids)
}

// fromCentroids spreads each centroid's weight between the middles to its
// neighbours, half to each side.
func fromCentroids(centroids [][2]float64) (distribution.Histogram, error) {
	if len(centroids) == 0 {
		return distribution.Histogram{}, monitor.Invalid("centroids", "there is none; send pairs of mean and weight")
	}
	sort.SliceStable(centroids, func(i, j int) bool { return centroids[i][0] < centroids[j][0] })
	var pieces []piece
	for i, c := range centroids {
		if math.IsNaN(c[0]) || math.IsInf(c[0], 0) || !(c[1] >= 0) {
			return distribution.Histogram{}, monitor.Invalid("centroids", "mean %v with weight %v is no centroid", c[0], c[1])
		}
		before, after := c[0], c[0]
		if i > 0 {
			before = (centroids[i-1][0] + c[0]) / 2
		}
		if i+1 < len(centroids) {
			after = (centroids[i+1][0] + c[0]) / 2
		}
		if c[1] <= 1 { // one value is where it is
			pieces = append(pieces, piece{c[0], c[0], c[1]})
			continue
		}
		pieces = append(pieces, piece{before, c[0], c[1] / 2}, piece{c[0], after, c[1] / 2})
	}
	return spread(pieces)
}
