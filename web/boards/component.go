package boards

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"wingmirror/board"
	"wingmirror/monitor"
	"wingmirror/web"
)

func (r room) componentRoutes() []web.Route {
	const get, post, put, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	const one = "/api/v1/components/{id}"
	return []web.Route{
		writing(get, one, web.Op(r.apiConfig, "Get how a component is configured")),
		writing(post, "/api/v1/components", web.Op(r.apiCreate, "Make a component", http.StatusCreated)),
		writing(put, one, web.Op(r.apiUpdate, "Replace a component that was made here")),
		writing(del, one, web.Op(r.apiDelete, "Delete a component that was made here", http.StatusNoContent)),
		writing(get, oneComponent+"/subscriptions", web.Op(r.apiSubscriptions, "List who hears of a component")),
		writing(post, oneComponent+"/subscriptions", web.Op(r.apiSubscribe, "Let somebody hear of a component", http.StatusCreated)),
		writing(put, oneComponent+"/subscriptions/{id}", web.Op(r.apiResubscribe, "Change to whom and of which levels a subscription tells")),
		writing(del, oneComponent+"/subscriptions/{id}", web.Op(r.apiUnsubscribe, "Let somebody hear of a component no more", http.StatusNoContent)),
	}
}

// componentConfigBody is how a component is configured.
type componentConfigBody struct {
	ID          string            `json:"id,omitempty" doc:"Required for a new one; never changes"`
	Version     int               `json:"version,omitempty" doc:"Of the component that this replaces; 0 for one of a file"`
	Name        string            `json:"name,omitempty"`
	Description string            `json:"description,omitempty"`
	Link        string            `json:"link,omitempty"`
	Contact     string            `json:"contact,omitempty"`
	Parent      string            `json:"parent,omitempty"`
	Counts      string            `json:"counts,omitempty" doc:"all, majority, weight 2, capped DC3, ignored"`
	Effects     map[string]string `json:"effects,omitempty" doc:"What its levels mean, by level"`
	Labels      map[string]string `json:"labels,omitempty"`
	Alerts      []string          `json:"alerts,omitempty" doc:"Destinations that are told when it is DC3 or worse"`
	Sources     string            `json:"sources,omitempty" doc:"A YAML list, as in a file. Secrets are shown as (set); sent back so, they stay what they are"`
	File        string            `json:"file,omitempty" doc:"Where it is kept, if it was not made here" readOnly:"true"`
	UpdatedAt   *time.Time        `json:"updated_at,omitempty" readOnly:"true"`
	UpdatedBy   string            `json:"updated_by,omitempty" readOnly:"true"`
}

func toConfig(c monitor.Component) componentConfigBody {
	body := componentConfigBody{
		ID: c.ID, Version: c.Version, Name: c.Name, Description: c.Description, Link: c.Link, Contact: c.Contact, Parent: c.Parent, Counts: c.Counts.String(),
		Effects: map[string]string{}, Labels: c.Labels, Alerts: c.Alerts, Sources: board.HideSecrets(c.SourcesText), File: c.File, UpdatedAt: moment(c.UpdatedAt), UpdatedBy: c.UpdatedBy,
	}
	for dc, text := range c.Effects {
		body.Effects[dc.String()] = text
	}
	return body
}

// component reads the body; all that is wrong with it is found at once. Hidden
// secrets of the sources are those that are stored.
func (b componentConfigBody) component(r room) (monitor.Component, error) {
	var errs monitor.FieldErrors
	collect := func(err error) { errs = append(errs, monitor.AllFieldErrors(err)...) }
	c := monitor.Component{
		ID: strings.TrimSpace(b.ID), Version: b.Version, Name: strings.TrimSpace(b.Name), Description: b.Description, Link: strings.TrimSpace(b.Link),
		Contact: strings.TrimSpace(b.Contact), Parent: strings.TrimSpace(b.Parent), Labels: b.Labels,
	}
	var stored string
	for _, text := range b.Alerts {
		c.Alerts = append(c.Alerts, strings.Fields(text)...)
	}
	var err error
	c.Counts, err = monitor.ParseCounts(b.Counts)
	collect(err)
	effects := maps.Clone(b.Effects)
	maps.DeleteFunc(effects, func(_, text string) bool { return strings.TrimSpace(text) == "" })
	c.Effects, err = board.ParseEffects(effects)
	collect(err)
	if n := r.Board.Look().Node(c.ID); n != nil && n.File == "" {
		stored = n.SourcesText
	}
	if c.SourcesText, err = board.RestoreSecrets(b.Sources, stored); err != nil {
		collect(err)
	} else {
		c.Sources, err = board.ParseSources(c.SourcesText, r.Checker)
		collect(err)
	}
	collect(r.Board.CheckComponent(c))
	errs = append(errs, monitor.CheckGroups(c.Alerts, r.groups())...)
	if len(errs) > 0 {
		return c, errs
	}
	return c, nil
}

type configOutput struct{ Body componentConfigBody }

type configInput struct {
	ID string `path:"id"`
}

func (r room) apiConfig(_ context.Context, in *configInput) (*configOutput, error) {
	_, n, err := r.node(in.ID)
	if err != nil {
		return nil, err
	}
	return &configOutput{toConfig(n.Component)}, nil
}

type createInput struct{ Body componentConfigBody }

func (r room) apiCreate(ctx context.Context, in *createInput) (*configOutput, error) {
	in.Body.Version = 0
	if look := r.Board.Look(); look.Node(in.Body.ID) != nil {
		return nil, monitor.Invalid("id", "there is a component %s already", monitor.Cut(in.Body.ID, 64))
	}
	return r.save(ctx, "component.create", in.Body)
}

type updateInput struct {
	ID   string `path:"id"`
	Body componentConfigBody
}

func (r room) apiUpdate(ctx context.Context, in *updateInput) (*configOutput, error) {
	_, n, err := r.node(in.ID)
	if err != nil {
		return nil, err
	}
	if in.Body.ID != "" && in.Body.ID != in.ID {
		return nil, monitor.Invalid("id", "the ID of a component never changes; make a new one and delete this")
	}
	if in.Body.ID = in.ID; in.Body.Version == 0 && n.File == "" {
		return nil, monitor.Invalid("version", "name the version that this replaces; GET the component to learn it")
	}
	return r.save(ctx, "component.update", in.Body)
}

func (r room) save(ctx context.Context, action string, body componentConfigBody) (*configOutput, error) {
	c, err := body.component(r)
	if err != nil {
		return nil, err
	}
	stored, err := r.Components.SaveComponent(ctx, c, r.Author(ctx), r.Now())
	if err != nil {
		return nil, err
	}
	if err := r.Board.Reload(ctx); err != nil {
		return nil, err
	}
	r.acted(ctx, action, stored.ID, fmt.Sprintf("version %d, %d sources", stored.Version, len(c.Sources)))
	return &configOutput{toConfig(stored)}, nil
}

func (r room) apiDelete(ctx context.Context, in *configInput) (*struct{}, error) {
	_, n, err := r.node(in.ID)
	if err != nil {
		return nil, err
	}
	if n.File != "" {
		return nil, monitor.Invalid("id", "the component %s is kept in %s; delete it there", n.ID, n.File)
	}
	if len(n.Children) > 0 {
		return nil, fmt.Errorf("%s stands below it; move it first: %w", n.Children[0].ID, monitor.ErrConflict)
	}
	if err := r.Components.DeleteComponent(ctx, n.ID); err != nil {
		return nil, err
	}
	if err := r.Board.Reload(ctx); err != nil {
		return nil, err
	}
	r.acted(ctx, "component.delete", n.ID, "")
	return nil, nil
}
