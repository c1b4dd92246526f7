package engine

import (
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/dop251/goja"

	"wingmirror/monitor"
)

// say prints text, or ends the run when the output is full.
func (r *run) say(text string) {
	if !r.record.print(text) {
		r.fail(monitor.FaultLimit, "The script printed more than %d bytes.", r.limits.Output)
	}
}

// puts prints each argument on a line of its own, arrays element by element,
// null as an empty line, an empty array not at all, as Ruby does.
func puts(c *call) goja.Value {
	if len(c.args) == 0 {
		c.r.say("\n")
	}
	for _, v := range c.args {
		c.r.putsValue(v, nil)
	}
	return goja.Undefined()
}

func (r *run) putsValue(v goja.Value, inside []*goja.Object) {
	if goja.IsNull(v) || goja.IsUndefined(v) {
		r.say("\n")
		return
	}
	if array, ok := v.(*goja.Object); ok && array.ClassName() == "Array" {
		r.putsArray(array, inside)
		return
	}
	text := r.text(v)
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	r.say(text)
}

// maxNested bounds how deep puts looks into arrays of arrays.
const maxNested = 100

func (r *run) putsArray(array *goja.Object, inside []*goja.Object) {
	if len(inside) > maxNested || slices.Contains(inside, array) {
		r.say("[...]\n")
		return
	}
	for i := range r.length(array) {
		element := r.element(array, i)
		if element == nil {
			element = goja.Undefined()
		}
		r.putsValue(element, append(inside, array))
	}
}

// printText prints its arguments one after the other, with nothing between or after.
func printText(c *call) goja.Value {
	for _, v := range c.args {
		if !goja.IsNull(v) && !goja.IsUndefined(v) {
			c.r.say(c.r.text(v))
		}
	}
	return goja.Undefined()
}

// inspectText is p: each argument as it would be written in JavaScript. It
// returns what it was given.
func inspectText(c *call) goja.Value {
	for _, v := range c.args {
		c.r.say(c.r.inspect(v) + "\n")
	}
	switch len(c.args) {
	case 0:
		return goja.Null()
	case 1:
		return c.args[0]
	}
	all := make([]any, len(c.args))
	for i, v := range c.args {
		all[i] = v
	}
	return c.r.vm.NewArray(all...)
}

// console is the console object. All its kinds of message go to the one output.
func (r *run) console() goja.Value {
	object := r.vm.NewObject()
	kinds := consoleScope()
	for _, name := range kinds.sortedNames() {
		_ = object.Set(name, r.function(name, kinds[name]))
	}
	return object
}

func consoleScope() scope {
	return scope{
		"log": consoleLine, "info": consoleLine, "warn": consoleLine, "error": consoleLine, "debug": consoleLine,
		"table": consoleTable,
	}
}

// consoleLine prints its arguments on one line, strings as they are.
func consoleLine(c *call) goja.Value {
	parts := make([]string, len(c.args))
	for i, v := range c.args {
		parts[i] = c.r.text(v)
	}
	c.r.say(strings.Join(parts, " ") + "\n")
	return goja.Undefined()
}

// consoleTable prints an array of objects or arrays with a column for each key.
func consoleTable(c *call) goja.Value {
	rows, ok := c.arg(0).(*goja.Object)
	if !ok {
		return consoleLine(c)
	}
	keys := c.r.rowKeys(rows)
	header, seen := []string{"(index)"}, map[string]bool{}
	cells := make([]map[string]string, len(keys))
	for i, key := range keys {
		cells[i] = c.r.cells(rows.Get(key), func(column string) {
			if !seen[column] {
				seen[column] = true
				header = append(header, column)
			}
		})
	}
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	writeRow(table, header)
	for i, key := range keys {
		row := []string{key}
		for _, column := range header[1:] {
			row = append(row, cells[i][column])
		}
		writeRow(table, row)
	}
	_ = table.Flush() // into memory
	for line := range strings.Lines(out.String()) {
		c.r.say(strings.TrimRight(line, " \n") + "\n")
	}
	return goja.Undefined()
}

// writeRow writes cells with tabs between; what would break the table is blanked.
func writeRow(table *tabwriter.Writer, cells []string) {
	clean := strings.NewReplacer("\t", " ", "\n", " ", "\v", " ", "\f", " ")
	for i, cell := range cells {
		if i > 0 {
			_, _ = table.Write([]byte("\t"))
		}
		_, _ = table.Write([]byte(clean.Replace(cell)))
	}
	_, _ = table.Write([]byte("\n"))
}

// rowKeys are the keys of a table's rows, at most as many as anyone reads.
func (r *run) rowKeys(rows *goja.Object) []string {
	const most = 1000
	if rows.ClassName() == "Array" {
		var keys []string
		for i := range min(r.length(rows), most) {
			keys = append(keys, r.vm.ToValue(i).String())
		}
		return keys
	}
	keys := rows.Keys()
	return keys[:min(len(keys), most)]
}

// cells returns a row's cells by column, and names the columns in order.
func (r *run) cells(row goja.Value, column func(string)) map[string]string {
	cells := map[string]string{}
	object, ok := row.(*goja.Object)
	if !ok {
		column("value")
		cells["value"] = r.inspect(row)
		return cells
	}
	for _, key := range r.rowKeys(object) {
		column(clip(key, 100))
		cells[clip(key, 100)] = clip(r.inspect(object.Get(key)), 200)
	}
	return cells
}
