package chart

import (
	"bytes"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"wingmirror/monitor"
)

func sample() monitor.Message {
	rate := monitor.Line{Label: "Conversion rate"}
	deploy := monitor.Line{Label: "drawAsInfinite(deploy)"}
	other := monitor.Line{Label: "shop.checkout.a very long label that goes on and on for ever and ever"}
	for i := range 120 {
		at := float64(1772366400 + 60*i)
		v := 15 + 4*math.Sin(float64(i)/9)
		if i > 95 {
			v = 8.7
		}
		if i > 40 && i < 50 {
			v = math.NaN()
		}
		rate.Points = append(rate.Points, monitor.GraphPoint{Time: at, Value: v})
		other.Points = append(other.Points, monitor.GraphPoint{Time: at, Value: 5 + float64(i%7)})
		mark := 0.0
		if i == 90 {
			mark = 1
		}
		deploy.Points = append(deploy.Points, monitor.GraphPoint{Time: at, Value: mark})
	}
	return monitor.Message{Graph: []monitor.Line{rate, other, deploy}}
}

func TestPNG_IsAPictureForDenseScreens(t *testing.T) {
	data, err := PNG(sample())
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if got := picture.Bounds().Size(); got.X != 2*width || got.Y != 2*height {
		t.Errorf("got %v, want %d x %d", got, 2*width, 2*height)
	}
	if len(data) > 200<<10 {
		t.Errorf("the picture has %d bytes, too many for a mail", len(data))
	}
	colours := map[[3]uint32]bool{}
	for x := range 2 * width {
		for y := range 2 * height {
			r, g, b, a := picture.At(x, y).RGBA()
			if a != 0xffff {
				t.Fatal("the picture is see-through: it would not read on a dark ground")
			}
			colours[[3]uint32{r >> 8, g >> 8, b >> 8}] = true
		}
	}
	for i := range 3 {
		r, g, b, _ := palette(i).RGBA()
		if !colours[[3]uint32{r >> 8, g >> 8, b >> 8}] {
			t.Errorf("line %d is not to be seen", i)
		}
	}
	if dir := os.Getenv("WINGMIRROR_KEEP_PICTURES"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "chart.png"), data, 0o600); err != nil {
			t.Error(err)
		}
	}
}

func TestPNG_EqualMessagesGiveEqualBytes(t *testing.T) {
	one, err := PNG(sample())
	if err != nil {
		t.Fatal(err)
	}
	two, err := PNG(sample())
	if err != nil || !bytes.Equal(one, two) {
		t.Errorf("got different pictures, %v", err)
	}
}

func TestPNG_DrawsStrangeGraphs(t *testing.T) {
	line := func(points ...monitor.GraphPoint) monitor.Message {
		return monitor.Message{Graph: []monitor.Line{{Label: "x", Points: points}}}
	}
	good := map[string]monitor.Message{
		"one point":  line(monitor.GraphPoint{Time: 1, Value: 5}),
		"flat":       line(monitor.GraphPoint{Time: 1, Value: 0}, monitor.GraphPoint{Time: 2, Value: 0}),
		"huge":       line(monitor.GraphPoint{Time: 1, Value: 1e300}, monitor.GraphPoint{Time: 2, Value: -1e300}),
		"infinities": line(monitor.GraphPoint{Time: 1, Value: math.Inf(1)}, monitor.GraphPoint{Time: 2, Value: 1}, monitor.GraphPoint{Time: 3, Value: 2}),
		"far away":   line(monitor.GraphPoint{Time: 1e300, Value: 1}, monitor.GraphPoint{Time: 2, Value: 2}),
		"far alone":  line(monitor.GraphPoint{Time: 1e18, Value: 1}),
		"backwards":  line(monitor.GraphPoint{Time: 2, Value: 1}, monitor.GraphPoint{Time: 1, Value: 2}),
	}
	for name, m := range good {
		if _, err := PNG(m); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, m := range map[string]monitor.Message{"empty": {}, "gaps": line(monitor.GraphPoint{Time: 1, Value: math.NaN()})} {
		if _, err := PNG(m); err == nil {
			t.Errorf("%s: got a picture of nothing", name)
		}
	}
}

func BenchmarkPNG(b *testing.B) {
	m := sample()
	for b.Loop() {
		if _, err := PNG(m); err != nil {
			b.Fatal(err)
		}
	}
}
