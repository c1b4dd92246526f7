package integration

import (
	"testing"

	"wingmirror/web/browsertest"
)

func TestDemo_RulesAreTriedAndSaved(t *testing.T) {
	t.Parallel()
	axe := browsertest.Axe(t)
	demo := startDemo(t)
	b := browsertest.Start(t, demo.Base)
	b.Size(1280, 900)
	b.Open("/rules")
	b.Wait("document.querySelector('#code .cm-content')?.textContent.includes('Disk nearly full')")
	b.Wait("document.querySelector('#live td')?.textContent.includes('warning') || document.querySelector('#live tr[data-row]')")
	browsertest.Eval[bool](b, "(document.querySelector('#preview-button').click(), true)")
	b.Wait("document.querySelectorAll('.preview-rule').length === 5 && document.querySelector('#preview').textContent.includes('would have fired')")
	b.Wait("document.querySelector('#preview').textContent.includes('tests passed')")
	b.Picture("rules")
	browsertest.Eval[bool](b, "(document.querySelector('#save').click(), true)")
	b.Wait("document.querySelector('#version').textContent.includes('version 2')")
	b.Open("/rules/events?service=Inbox&component=Load5mAvg")
	b.Wait("document.querySelector('[data-graph] canvas') && document.querySelectorAll('tr[data-row]').length > 50")
	b.Examine(axe, map[string]string{"rules": "/rules", "events": "/rules/events", "no events": "/rules/events?service=none"})
}
