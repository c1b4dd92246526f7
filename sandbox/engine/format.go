package engine

import (
	"fmt"
	"math"
	"strings"

	"github.com/dop251/goja"
)

// format is format(text, values...), as in Ruby and C: %d %i %f %e %g %x %o %b
// %s %c %%, with flags, width and precision.
func format(c *call) goja.Value { return c.r.vm.ToValue(c.formatted()) }

// printf prints what format returns.
func printf(c *call) goja.Value {
	c.r.say(c.formatted())
	return goja.Undefined()
}

// maxWidth bounds the width and the precision of a directive.
const maxWidth = 1000

func (c *call) formatted() string {
	if !goja.IsString(c.arg(0)) {
		c.wrong("the first argument must be a string with directives such as %%.2f, but is %s", c.kind(0))
	}
	rest := c.arg(0).String()
	var out strings.Builder
	next := 1
	for {
		before, after, found := strings.Cut(rest, "%")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		if out.Len() > c.r.limits.Output {
			c.outside("the text is longer than %d bytes", c.r.limits.Output)
		}
		if strings.HasPrefix(after, "%") {
			out.WriteString("%")
			rest = after[1:]
			continue
		}
		end := strings.IndexFunc(after, func(r rune) bool { return !strings.ContainsRune("-+ 0123456789.#", r) })
		if end < 0 {
			c.wrong("the directive %%%s has no letter", clip(after, 40))
		}
		if next >= len(c.args) {
			c.wrong("there are more directives than values")
		}
		out.WriteString(c.directive(after[:end], after[end], next))
		next++
		rest = after[end+1:]
	}
}

// directive formats the i-th argument.
func (c *call) directive(flags string, letter byte, i int) string {
	for _, number := range strings.FieldsFunc(flags, func(r rune) bool { return r < '0' || r > '9' }) {
		if len(strings.TrimLeft(number, "0")) > 3 {
			c.outside("a width or precision is beyond %d", maxWidth)
		}
	}
	switch letter {
	case 'd', 'i':
		return fmt.Sprintf("%"+flags+"d", c.integer(i))
	case 'x', 'X', 'o', 'b':
		return fmt.Sprintf("%"+flags+string(letter), c.integer(i))
	case 'f', 'e', 'E', 'g', 'G':
		return fmt.Sprintf("%"+flags+string(letter), c.float(i))
	case 's':
		return fmt.Sprintf("%"+flags+"s", c.r.text(c.arg(i)))
	case 'c':
		return fmt.Sprintf("%"+flags+"s", clipBytes(c.r.text(c.arg(i)), 4))
	}
	c.wrong("there is no directive %%%s%c", flags, letter)
	return ""
}

// integer is a number without its fraction.
func (c *call) integer(i int) int64 {
	return int64(math.Floor(c.number(i, fmt.Sprintf("argument %d", i))))
}

// float also takes NaN and the infinities.
func (c *call) float(i int) float64 {
	if !goja.IsNumber(c.arg(i)) {
		c.wrong("argument %d must be a number, but is %s", i, c.kind(i))
	}
	return c.arg(i).ToFloat()
}
