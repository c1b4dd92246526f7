package graphite

import (
	"math"
	"strconv"
)

// pow10 holds the powers of ten that a float64 represents exactly.
var pow10 = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// quickPoint reads one point in the form that servers normally send, such as
// [101.98, 1795247340] or [null,1795247340], at the start of b. It returns the
// number of bytes read, or 0 when b starts with anything else: then the slow way
// decides what it is.
func quickPoint(b []byte) (value float64, ts int64, n int) {
	i := 0
	if len(b) < 6 || b[0] != '[' {
		return 0, 0, 0
	}
	if b[1] == 'n' {
		if b[2] != 'u' || b[3] != 'l' || b[4] != 'l' {
			return 0, 0, 0
		}
		value, i = math.NaN(), 5
	} else {
		value, n = quickFloat(b[1:])
		if n == 0 {
			return 0, 0, 0
		}
		i = 1 + n
	}
	if i >= len(b) || b[i] != ',' {
		return 0, 0, 0
	}
	if i++; i < len(b) && b[i] == ' ' {
		i++
	}
	first := i
	for i < len(b) && b[i]-'0' <= 9 {
		ts = ts*10 + int64(b[i]-'0')
		i++
	}
	if i == first || i-first > 12 || i >= len(b) || b[i] != ']' {
		return 0, 0, 0
	}
	return value, ts, i + 1
}

// quickFloat reads a decimal number at the start of b. Up to 2^53 in digits and
// 22 in the exponent one multiplication or division gives the correctly rounded
// result, because both operands are exact (W. D. Clinger, How to Read Floating
// Point Numbers Accurately, 1990); longer numbers go to strconv. n is 0 when b
// does not start with a number.
func quickFloat(b []byte) (value float64, n int) {
	i, digits, point := 0, 0, -1
	var mantissa uint64
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		i++
	}
	for ; i < len(b); i++ {
		if d := b[i] - '0'; d <= 9 {
			mantissa = mantissa*10 + uint64(d)
			digits++
		} else if b[i] == '.' && point < 0 && digits > 0 {
			point = digits
		} else {
			break
		}
	}
	if digits == 0 || point == digits {
		return 0, 0
	}
	exponent := 0
	if point >= 0 {
		exponent = point - digits
	}
	plain := i
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		for i++; i < len(b) && (b[i]-'0' <= 9 || b[i] == '-' || b[i] == '+'); i++ {
		}
	}
	if i != plain || digits > 19 || mantissa > 1<<53 || exponent < -22 {
		value, err := strconv.ParseFloat(string(b[:i]), 64)
		if err != nil {
			return 0, 0
		}
		return value, i
	}
	value = float64(mantissa)
	if exponent < 0 {
		value /= pow10[-exponent]
	}
	if negative {
		value = -value
	}
	return value, i
}
