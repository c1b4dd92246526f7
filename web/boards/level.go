package boards

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"wingmirror/monitor"
	"wingmirror/web"
)

func (r room) levelRoutes() []web.Route {
	return []web.Route{
		writing(http.MethodGet, "/board-levels", web.Page(r.levelsPage)),
		r.reading("/api/v1/levels", web.Op(r.apiLevels, "List the levels with their words")),
		writing(http.MethodPut, "/api/v1/levels", web.Op(r.apiSaveLevels, "Choose the words of the levels")),
	}
}

// levelBody is one level with its words.
type levelBody struct {
	Level   string `json:"level" doc:"DC1 to DC5"`
	Name    string `json:"name,omitempty" doc:"A word or two; empty is the usual one"`
	Effects string `json:"effects,omitempty" doc:"What may and may not be done; empty is the usual"`
	Kept    bool   `json:"kept_in_file,omitempty" readOnly:"true" doc:"A file of the board has these words, and counts more"`
}

type levelsOutput struct {
	Body struct {
		Levels []levelBody `json:"levels"`
	}
}

// apiLevels answers with the words in force.
func (r room) apiLevels(context.Context, *struct{}) (*levelsOutput, error) {
	look, out := r.Board.Look(), &levelsOutput{}
	for _, dc := range monitor.DCs() {
		out.Body.Levels = append(out.Body.Levels, levelBody{dc.String(), look.Levels[dc].Name, look.Levels[dc].Effects, r.keptInFile(dc)})
	}
	return out, nil
}

func (r room) keptInFile(dc monitor.DC) bool {
	_, kept := r.Board.FileLevels()[dc]
	return kept
}

type levelsInput struct {
	Body struct {
		Levels []levelBody `json:"levels" doc:"Those left out get their usual words back"`
	}
}

func (r room) apiSaveLevels(ctx context.Context, in *levelsInput) (*levelsOutput, error) {
	var errs monitor.FieldErrors
	levels := map[monitor.DC]monitor.DCInfo{}
	usual := monitor.DefaultDCs()
	for _, one := range in.Body.Levels {
		dc, err := monitor.ParseDC(one.Level)
		errs = append(errs, monitor.AllFieldErrors(err)...)
		info := monitor.DCInfo{Name: strings.TrimSpace(one.Name), Effects: strings.TrimSpace(one.Effects)}
		for _, wrong := range monitor.AllFieldErrors(monitor.ValidateDCInfo(info)) {
			errs = append(errs, monitor.Invalid(one.Level+"-"+wrong.Field, "%s: %s", one.Level, wrong.Message))
		}
		levels[dc] = chosen(info, usual[dc])
	}
	if len(errs) > 0 {
		return nil, errs
	}
	if err := r.Components.SaveBoardLevels(ctx, levels, r.Author(ctx), r.Now()); err != nil {
		return nil, err
	}
	if err := r.Board.Reload(ctx); err != nil {
		return nil, err
	}
	r.Record(ctx, "board.levels", "board", "the words of the levels were chosen")
	r.Changed()
	return r.apiLevels(ctx, nil)
}

// levelField is a level in the form of their words.
type levelField struct {
	Pill  pill
	Info  monitor.DCInfo // that was chosen, in the pages or in a file
	Usual monitor.DCInfo
	Kept  bool // in a file
}

type levelsData struct {
	Levels []levelField
	Kept   bool
}

func (r room) levelsPage(w http.ResponseWriter, q *http.Request) error {
	look, data := r.Board.Look(), levelsData{}
	usual := monitor.DefaultDCs()
	for _, dc := range slices.Backward(monitor.DCs()) {
		field := levelField{Pill: toPill(look, dc), Info: chosen(look.Levels[dc], usual[dc]), Usual: usual[dc], Kept: r.keptInFile(dc)}
		data.Kept = data.Kept || field.Kept
		data.Levels = append(data.Levels, field)
	}
	return r.Render(w, q, web.View{Page: "board-levels", Title: "Level names", Nav: "Board", Above: web.Path(), Data: data})
}

// chosen leaves out what is the usual.
func chosen(info, usual monitor.DCInfo) monitor.DCInfo {
	if info.Name == usual.Name {
		info.Name = ""
	}
	if info.Effects == usual.Effects {
		info.Effects = ""
	}
	return info
}
