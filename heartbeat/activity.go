package heartbeat

import (
	"encoding/binary"
	"slices"
	"time"
)

// Activity remembers when a heartbeat was at work for longer than its gaps are
// remembered: a job that runs every five minutes in office hours makes too many
// gaps to see a week in them.

const (
	stretchesKept = 48  // stretches of steady beats that are remembered
	stretchBreak  = 2.5 // median gaps after which another stretch begins
	activeDays    = 42  // days that are looked at
	minActiveDays = 2   // days with beats, before today, from which on an hour without any means something
	hoursOfDay    = 24
	everyHour     = 1<<hoursOfDay - 1
)

// stretch is a time of steady beats, both ends beats.
type stretch struct{ from, to int64 } // in Unix seconds

// extend puts an arrival into the newest stretch, or begins another one.
func (r *Rhythm) extend(at time.Time, gap, median float64) {
	now := at.Unix()
	if n := len(r.active); n > 0 && (median == 0 || gap <= stretchBreak*median) {
		r.active[n-1].to = now
		return
	}
	if len(r.active) >= stretchesKept {
		r.active = slices.Delete(r.active, 0, len(r.active)-stretchesKept+1)
	}
	r.active = append(r.active, stretch{now, now})
}

// week is which hours of which days had beats, on the clock of a time zone.
type week struct {
	first, last int64              // slots, in minutes
	hours       [activeDays]uint32 // a bit for each hour with beats, of the days up to last
}

const minutesPerHour = 60

// activity gathers the hours with beats from slots, in minutes on the wall, and
// from stretches, in which there is a slot each cycle.
func activity(slots []int64, steady []stretch, slotOf func(unix int64) int64, cycle int) *week {
	w := &week{first: slots[0], last: slots[len(slots)-1]}
	for _, at := range slots {
		w.mark(at)
	}
	step := int64(max(cycle, minutesPerHour))
	for _, s := range steady {
		from, to := slotOf(s.from), slotOf(s.to)
		w.first = min(w.first, from)
		if oldest := w.last - activeDays*minutesPerDay; from < oldest {
			from += (oldest - from + step - 1) / step * step
		}
		for at := from; at <= to; at += step {
			w.mark(at)
		}
		w.mark(to)
	}
	return w
}

// slotOf is the slot, in minutes on the wall, that an arrival belongs to.
func slotOf(unix int64, minute, cycle int, zone *time.Location) int64 {
	_, offset := time.Unix(unix, 0).In(zone).Zone()
	since := (unix+int64(offset)+earlyTolerance)/60 - int64(minute)
	return since - since%int64(cycle) + int64(minute)
}

func (w *week) mark(slot int64) {
	if ago := w.last/minutesPerDay - slot/minutesPerDay; ago >= 0 && ago < activeDays {
		w.hours[ago] |= 1 << hourOf(slot)
	}
}

func hourOf(slot int64) int { return int(slot % minutesPerDay / minutesPerHour) }

// usual are the hours that most days with beats have; every hour while too few
// days have passed to tell.
func (w *week) usual() (hours uint32, known bool) {
	oldest := w.last/minutesPerDay - w.first/minutesPerDay
	var with, watched [hoursOfDay]int
	days := 0
	for ago, had := range w.hours {
		if had == 0 || int64(ago) > oldest {
			continue
		}
		if ago > 0 {
			days++
		}
		for h := range hoursOfDay {
			if int64(ago) == oldest && h < hourOf(w.first) || ago == 0 && h > hourOf(w.last) {
				continue // it was not watched then
			}
			watched[h]++
			with[h] += int(had >> h & 1)
		}
	}
	if days < minActiveDays {
		return everyHour, false
	}
	for h := range hoursOfDay {
		if 2*with[h] > watched[h] || watched[h] == 0 {
			hours |= 1 << h
		}
	}
	return hours, true
}

// weekdays are the days that had beats, or all of them while one has not passed
// yet or none stays away.
func (w *week) weekdays() uint8 {
	if w.last-w.first < daysForWeek*minutesPerDay {
		return everyDay
	}
	days := uint8(0)
	for ago, hours := range w.hours {
		if hours != 0 {
			days |= 1 << weekdayOf(w.last-int64(ago)*minutesPerDay)
		}
	}
	return days
}

// packStretches and unpackStretches are for Rhythm.Pack.
func packStretches(b []byte, all []stretch) []byte {
	b = binary.LittleEndian.AppendUint16(b, uint16(len(all)))
	for _, s := range all {
		b = binary.LittleEndian.AppendUint64(b, uint64(s.from))
		b = binary.LittleEndian.AppendUint32(b, uint32(s.to-s.from))
	}
	return b
}

func unpackStretches(b []byte) (all []stretch, ok bool) {
	if len(b) == 0 { // it was packed before there were any
		return nil, true
	}
	if len(b) < 2 {
		return nil, false
	}
	n := int(binary.LittleEndian.Uint16(b))
	if b = b[2:]; len(b) < 12*n {
		return nil, false
	}
	for i := range n {
		from := int64(binary.LittleEndian.Uint64(b[12*i:]))
		all = append(all, stretch{from, from + int64(binary.LittleEndian.Uint32(b[12*i+8:]))})
	}
	return all, true
}
