package condition

import "math"

// arithmetic compiles an operator on two numbers. With null it gives null.
func arithmetic(n *node, strict bool) evaluator {
	left, right := compile(n.kids[0], strict), compile(n.kids[1], strict)
	return func(f *frame) Value {
		a, b := left(f), right(f)
		switch {
		case a.kind == Number && b.kind == Number:
			return calculate(f, n, a.number, b.number)
		case n.op == "+" && a.kind == Text && b.kind == Text && !strict:
			return TextOf(a.text + b.text)
		case !strict && (a.kind == Null || b.kind == Null):
			return Value{}
		case a.kind == Number || a.kind == Null && b.kind != Number:
			return f.fail(n, "%s takes numbers, not %s", n.op, b.kind)
		}
		return f.fail(n, "%s takes numbers, not %s", n.op, a.kind)
	}
}

func calculate(f *frame, n *node, a, b float64) Value {
	switch n.op {
	case "+":
		return NumberOf(a + b)
	case "-":
		return NumberOf(a - b)
	case "*":
		return NumberOf(a * b)
	case "**":
		power := math.Pow(a, b)
		if (math.IsNaN(power) || math.IsInf(power, 0)) && !math.IsNaN(a+b) && !math.IsInf(a, 0) && !math.IsInf(b, 0) {
			return f.fail(n, "%s ** %s is no number that can be written", formatNumber(a), formatNumber(b))
		}
		return NumberOf(power)
	case "/", "//", "%":
		if b == 0 {
			return f.fail(n, "%s divides by zero", n.op)
		}
		return divide(n.op, a, b)
	}
	x, y, ok := wholes(a, b)
	switch {
	case !ok:
		return f.fail(n, "%s takes whole numbers below 2^53, not %s and %s", n.op, formatNumber(a), formatNumber(b))
	case n.op == "&":
		return NumberOf(float64(x & y))
	case n.op == "|":
		return NumberOf(float64(x | y))
	case n.op == "^":
		return NumberOf(float64(x ^ y))
	case y > 1000:
		return f.fail(n, "%s by %d is too far", n.op, y)
	case n.op == "<<":
		return NumberOf(math.Ldexp(a, int(y)))
	}
	return NumberOf(math.Floor(math.Ldexp(a, -int(y))))
}

// divide rounds down, and the rest has the sign of the divisor. As in Python the
// quotient is that of the number without its rest: 1 // 0.1 is 9, because 0.1 is a
// little more than a tenth.
func divide(op string, a, b float64) Value {
	if op == "/" {
		return NumberOf(a / b)
	}
	rest := math.Mod(a, b)
	whole := (a - rest) / b
	if rest != 0 && (rest < 0) != (b < 0) {
		rest += b
		whole--
	}
	if op == "//" {
		return NumberOf(math.Round(whole)) // it is whole but for rounding
	}
	return NumberOf(rest)
}

// wholes returns both as integers; neither may be negative, have a fraction, or
// be too large to be exact.
func wholes(a, b float64) (x, y int64, ok bool) {
	ok = a >= 0 && b >= 0 && a <= exact && b <= exact && a == math.Trunc(a) && b == math.Trunc(b)
	if !ok {
		return 0, 0, false
	}
	return int64(a), int64(b), true
}
