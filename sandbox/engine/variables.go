package engine

import (
	"strconv"

	"github.com/dop251/goja"
)

// timeseries is @timeseries.
func (r *run) timeseries() goja.Value {
	return r.newList(&list{r: r, size: len(r.series), at: r.seriesObject, prints: true})
}

// targets is @targets: what each target was and brought back.
func (r *run) targets() goja.Value {
	var all []any
	next := 0
	for _, target := range r.in.Targets {
		var own []any
		for range max(len(target.Series), 1) {
			own = append(own, r.seriesObject(next))
			next++
		}
		object := r.vm.NewObject()
		for _, field := range []struct {
			name  string
			value any
		}{
			{"text", target.Target}, {"status", string(target.Status)}, {"reason", target.Reason}, {"series", r.vm.NewArray(own...)},
		} {
			_ = object.Set(field.name, field.value)
		}
		all = append(all, object)
	}
	return r.vm.NewArray(all...)
}

// previous is @previous: what the runs before this one found.
func (r *run) previous() goja.Value {
	p := r.in.Previous
	object := r.vm.NewObject()
	_ = object.Set("level", p.Level.String())
	_ = object.Set("since", goja.Null())
	if !p.Since.IsZero() {
		_ = object.Set("since", p.Since.Unix())
	}
	_ = object.Set("runs", p.Runs)
	_ = object.Set("message", p.Message)
	return object
}

// params is @params: the monitor's own settings.
func (r *run) params() goja.Value {
	if len(r.in.Params) == 0 {
		return r.vm.NewObject()
	}
	parsed, err := parseJSON(r.vm, r.in.Params)
	if err != nil {
		panic(r.vm.NewTypeError("the monitor's params are not valid JSON"))
	}
	return parsed
}

// variable returns the value of @name, or nil when there is no such variable.
func (r *run) variable(name string) goja.Value {
	switch name {
	case "timeseries":
		return r.timeseries()
	case "targets":
		return r.targets()
	case "name":
		return r.vm.ToValue(r.in.Name)
	case "minutes":
		return r.vm.ToValue(r.in.Minutes)
	case "jobId":
		return r.vm.ToValue(r.in.JobID)
	case "now":
		return r.vm.ToValue(r.in.At.Unix())
	case "previous":
		return r.previous()
	case "params":
		return r.params()
	}
	if i := letterIndex(name); i >= 0 && i < len(r.series) {
		return r.seriesObject(i)
	}
	return nil
}

// letterIndex returns the place of a series' variable: a is 0, z 25, a1 26, z1
// 51, a2 52; -1 for other names.
func letterIndex(name string) int {
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		return -1
	}
	letter := int(name[0] - 'a')
	if len(name) == 1 {
		return letter
	}
	round, err := strconv.Atoi(name[1:])
	if err != nil || round < 1 || name[1] == '+' || name[1] == '0' || len(name) > 6 {
		return -1
	}
	return 26*round + letter
}

// letterName is the inverse of letterIndex.
func letterName(i int) string {
	name := string(rune('a' + i%26))
	if i >= 26 {
		name += strconv.Itoa(i / 26)
	}
	return name
}

// variableNames lists the names after @ that are not series.
func variableNames() []string {
	return []string{"timeseries", "targets", "name", "minutes", "jobId", "now", "previous", "params"}
}
