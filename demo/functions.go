package demo

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/go-graphite/carbonapi/expr/functions"
	"github.com/go-graphite/carbonapi/expr/metadata"
	"github.com/go-graphite/carbonapi/expr/rewrite"
)

// registerFunctions fills the library's global table, once for the process,
// since the library keeps no other and warns of a second time. The functions
// that ask other servers want a configuration and stay out.
var registerFunctions = sync.OnceFunc(func() {
	rewrite.New(nil)
	functions.New(nil)
	registerDrawing()
})

func listFunctions(w http.ResponseWriter, r *http.Request) {
	if !form(w, r) {
		return
	}
	if r.Form.Get("grouped") == "1" {
		writeJSON(w, metadata.FunctionMD.DescriptionsGrouped)
		return
	}
	writeJSON(w, metadata.FunctionMD.Descriptions)
}

func showFunction(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	description, ok := metadata.FunctionMD.Descriptions[name]
	if !ok {
		http.Error(w, fmt.Sprintf("Function not found: %q", name), http.StatusNotFound)
		return
	}
	writeJSON(w, description)
}
