package crontab

// civil is a day of the Gregorian calendar.
type civil struct{ year, month, day int }

// days returns the days since 1 January 1970 (the algorithm is Howard
// Hinnant's days_from_civil: years begin in March, so a leap day is the last).
func (c civil) days() int64 {
	y := int64(c.year)
	if c.month <= 2 {
		y--
	}
	era := floorDiv(y, 400)
	yearOfEra := y - era*400
	dayOfYear := int64((153*((c.month+9)%12)+2)/5 + c.day - 1)
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return era*146097 + dayOfEra - 719468
}

// civilOf is the inverse of days.
func civilOf(days int64) civil {
	days += 719468
	era := floorDiv(days, 146097)
	dayOfEra := days - era*146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	m := (5*dayOfYear + 2) / 153
	c := civil{int(yearOfEra + era*400), int(m+2)%12 + 1, int(dayOfYear - (153*m+2)/5 + 1)}
	if c.month <= 2 {
		c.year++
	}
	return c
}

// weekday returns 0 for a Sunday. 1 January 1970 was a Thursday.
func weekday(days int64) int { return int(days + 4 - 7*floorDiv(days+4, 7)) }

func monthLength(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
