package engine

import (
	"testing"

	"wingmirror/monitor"
)

// A regular expression that was given up is never "no match", by whatever name
// the script comes to it.
func TestRun_GivenUpRegularExpressionIsAFaultByAnyName(t *testing.T) {
	const slow, text = `"^(\\w+\\s?)*\\1$"`, `("a".repeat(36) + "!")`
	ways := []string{
		text + `["mat" + "ch"](` + slow + `)`,
		`const k = ["sea", "rch"].join(""); ` + text + `[k](` + slow + `)`,
		`[...` + text + `["match" + "All"](` + slow + `)]`,
		`const { ["mat" + "ch"]: m } = ""; m.call(` + text + `, ` + slow + `)`,
		`const R = this["Reg" + "Exp"]; new R(` + slow + `).test(` + text + `)`,
		`Reflect.get("".__proto__, "mat" + "ch").call(` + text + `, ` + slow + `)`,
		`Object.values(Object.getOwnPropertyDescriptors("".__proto__)).find(d => typeof d.value === "function" && d.value.name === "mat" + "ch").value.call(` + text + `, ` + slow + `)`,
		`(() => {})["constru" + "ctor"]("return /^(\\w+\\s?)*\\1$/.test(" + JSON.stringify(` + text + `) + ")")()`,
		`this["ev" + "al"]("/^(\\w+\\s?)*\\1$/.exec('" + ` + text + ` + "')")`,
		`RegExp.prototype[Symbol.replace].call(new RegExp(` + slow + `), ` + text + `, "")`,
		`RegExp.prototype[Symbol.split].call(new RegExp(` + slow + `), ` + text + `)`,
		`RegExp.prototype[Symbol.search].call(new RegExp(` + slow + `), ` + text + `)`,
		`RegExp.prototype[Symbol.match].call(new RegExp(` + slow + `, "g"), ` + text + `)`,
		`[...RegExp.prototype[Symbol.matchAll].call(new RegExp(` + slow + `, "g"), ` + text + `)]`,
		text + `.replaceAll(new RegExp(` + slow + `, "g"), "")`,
		text + `.split(new RegExp(` + slow + `))`,
		`class R extends RegExp {} new R(` + slow + `).test(` + text + `)`,
		`new RegExp("x").compile(` + slow + `).test(` + text + `)`,
		`Function.prototype.call.call(/x/.exec, new RegExp(` + slow + `), ` + text + `)`,
	}
	for _, script := range ways {
		if got := newEngine(t).Run(input(script)); got.Fault != monitor.FaultRegexp {
			t.Errorf("%s\nended with fault %q, level %v, %s", script, got.Fault, got.Level, describe(got))
		}
	}
}

func TestStudy_ArithmeticNamesNoMethod(t *testing.T) {
	for script, want := range map[string]bool{
		"a[0]": false, "a['last']": false, "a[n - 1]": false, "a[-1]": false, "a[i++]": false,
		"a[i]": true, "a['x' + y]": true, "const { [k]: v } = a": true, "a['match']": true, "class A { [k]() {} }": true,
	} {
		if p := compile(scriptFile, script); p.err != nil || p.facts.regexps != want {
			t.Errorf("%s: %v, %v", script, p.facts.regexps, p.err)
		}
	}
}
