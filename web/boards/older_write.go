package boards

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"wingmirror/monitor"
)

// write does what a POST, PUT, PATCH or DELETE asks for.
func (q olderRequest) write() (int, any, error) {
	notAllowed := detail(http.StatusMethodNotAllowed, fmt.Sprintf("Method %q not allowed.", q.Method))
	adds := q.Method == http.MethodPost
	if q.list == "defcon" || q.list == "simple" || q.list == "plugin" || adds != (q.id == "") {
		return 0, nil, notAllowed
	}
	if q.Method == http.MethodDelete {
		return http.StatusNoContent, nil, q.remove()
	}
	body, err := q.body()
	if err != nil {
		return 0, nil, err
	}
	status := http.StatusOK
	if adds {
		status = http.StatusCreated
	}
	var out any
	switch q.list {
	case "status":
		out, err = q.writeStatus(body)
	case "plugin_instance":
		out, err = q.writeInstance(body)
	default:
		out, err = q.writeComponent(body)
	}
	return status, out, err
}

func (q olderRequest) remove() error {
	ctx := q.Context()
	var err error
	switch q.list {
	case "status":
		err = q.room.Board.Withdraw(ctx, "", q.id)
	case "plugin_instance":
		number, parseErr := strconv.ParseInt(q.id, 10, 64)
		if parseErr != nil {
			return olderNotFound()
		}
		if err = q.room.Records.DeleteBoardInstance(ctx, number); err == nil {
			err = q.room.Board.Reload(ctx)
		}
	default:
		_, err = q.room.apiDelete(ctx, &configInput{ID: q.id})
	}
	switch {
	case errors.Is(err, monitor.ErrNotFound):
		return olderNotFound()
	case errors.Is(err, monitor.ErrInvalid), errors.Is(err, monitor.ErrConflict):
		return detail(http.StatusForbidden, err.Error())
	case err == nil && q.list != "components":
		q.room.acted(ctx, q.list+".delete", "", q.id)
	}
	return err
}

const maxOlderBody = 1 << 20

// body reads JSON or a form.
func (q olderRequest) body() (map[string]any, error) {
	q.Body = http.MaxBytesReader(nil, q.Body, maxOlderBody)
	kind := q.Header.Get("Content-Type")
	if strings.HasPrefix(kind, "application/x-www-form-urlencoded") || strings.HasPrefix(kind, "multipart/form-data") {
		if err := q.ParseMultipartForm(maxOlderBody); err != nil && !errors.Is(err, http.ErrNotMultipart) {
			return nil, detail(http.StatusBadRequest, "The form cannot be read.")
		}
		body := map[string]any{}
		for key, values := range q.PostForm {
			body[key] = values[0]
			if key == "plugins" || key == "statuses" {
				list := make([]any, len(values))
				for i, v := range values {
					list[i] = v
				}
				body[key] = list
			}
		}
		return body, nil
	}
	var body map[string]any
	if err := json.NewDecoder(q.Body).Decode(&body); err != nil {
		return nil, detail(http.StatusBadRequest, "JSON parse error - "+err.Error())
	}
	return body, nil
}

// reading a body: each field says what is wrong with it.
type olderForm struct {
	body    map[string]any
	errs    fields
	partial bool // what is left out stays as it is
}

func (f olderForm) given(key string) bool { return f.body[key] != nil }

// text reads a field of at most so many characters.
func (f olderForm) text(key, before string, required bool, most int) string {
	value, ok := f.body[key]
	if !ok || value == nil {
		if required && !f.partial {
			f.errs.add(key, "This field is required.")
		}
		return before
	}
	text, ok := value.(string)
	switch {
	case !ok:
		f.errs.add(key, "Not a valid string.")
	case required && strings.TrimSpace(text) == "":
		f.errs.add(key, "This field may not be blank.")
	case utf8.RuneCountInString(text) > most:
		f.errs.add(key, fmt.Sprintf("Ensure this field has no more than %d characters.", most))
	}
	return text
}

func (f olderForm) level(before monitor.DC) monitor.DC {
	if !f.given("defcon") {
		return before
	}
	n, err := strconv.Atoi(fmt.Sprint(f.body["defcon"]))
	switch {
	case err != nil:
		f.errs.add("defcon", "A valid integer is required.")
	case n > 5:
		f.errs.add("defcon", "Ensure this value is less than or equal to 5.")
	case n < 1:
		f.errs.add("defcon", "Ensure this value is greater than or equal to 1.")
	default:
		return monitor.DC(n) //nolint:gosec // 1 to 5
	}
	return before
}

func (f olderForm) time(key string, before time.Time) time.Time {
	if !f.given(key) {
		return before
	}
	at, err := time.Parse(time.RFC3339, fmt.Sprint(f.body[key]))
	if err != nil {
		f.errs.add(key, "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].")
	}
	return at.UTC()
}

func (f olderForm) bool(key string, before bool) bool {
	switch v := f.body[key].(type) {
	case nil:
		return before
	case bool:
		return v
	case string:
		if b, err := strconv.ParseBool(v); err == nil {
			return b
		}
	}
	f.errs.add(key, "Must be a valid boolean.")
	return before
}

// link reads an address of the web whose host has a dot, is localhost, or is an
// IP address: what the older API takes for a URL.
func (f olderForm) link(before string, required bool) string {
	text := f.text("link", before, required, 2000)
	if text == "" || text == before {
		return text
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || !olderHost(u.Hostname()) || !monitor.BoardLink(text) {
		f.errs["link"] = []string{"Enter a valid URL."}
	}
	return text
}

func olderHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	name, last, ok := cutLast(strings.TrimSuffix(host, "."))
	return host == "localhost" || ok && name != "" && len(last) >= 2 && strings.Trim(last, "0123456789") != ""
}

func cutLast(host string) (before, after string, ok bool) {
	i := strings.LastIndexByte(host, '.')
	if i < 0 {
		return host, "", false
	}
	return host[:i], host[i+1:], true
}

// writeStatus stores a status: a rationale that counts once an instance binds it
// to a component, or changes one.
func (q olderRequest) writeStatus(body map[string]any) (any, error) {
	now := q.room.Now()
	status := monitor.Rationale{ID: uuid.NewString(), Level: monitor.DC5, Start: now, End: now.Add(statusLasts), Source: "static", Author: q.who.Actor()}
	if q.id != "" {
		statuses, _ := q.room.Board.Pushed()
		at := slices.IndexFunc(statuses, func(r monitor.Rationale) bool { return r.ID == q.id })
		if at < 0 {
			if slices.ContainsFunc(q.statuses(), func(s olderStatus) bool { return s.uuid == q.id }) {
				return nil, detail(http.StatusForbidden, "This status belongs to a source or an override; change it there.")
			}
			return nil, olderNotFound()
		}
		status = statuses[at]
	}
	f := olderForm{body, fields{}, q.Method == http.MethodPatch}
	status.Title = f.text("title", status.Title, true, 60)
	status.Description = f.text("description", status.Description, false, 1024)
	status.Level = f.level(status.Level)
	status.Link = f.link(status.Link, true)
	status.Start, status.End = f.time("time_start", status.Start), f.time("time_end", status.End)
	status.Overrides = f.bool("override", status.Overrides)
	if metadata, given := body["metadata"]; given && metadata != nil {
		raw, err := json.Marshal(metadata)
		if err != nil {
			return nil, err
		}
		status.Metadata = raw
	}
	if len(f.errs) == 0 && !status.End.After(now) {
		f.errs.add("time_end", "It is over already.")
	}
	if err := f.errs.refusal(); err != nil {
		return nil, err
	}
	stored, err := q.room.Board.Push(q.Context(), status)
	if err != nil {
		return nil, olderFields(err)
	}
	q.room.acted(q.Context(), "status.save", "", fmt.Sprintf("%s DC%d: %s", stored.ID, stored.Level, stored.Title))
	out := q.status(olderStatus{stored, stored.ID})
	if out.Description != nil && *out.Description == "" && !f.given("description") {
		out.Description = nil
	}
	return out, nil
}

// olderFields writes what is wrong in the older API's manner.
func olderFields(err error) error {
	wrong := monitor.AllFieldErrors(err)
	if len(wrong) == 0 {
		return err
	}
	names := map[string]string{"level": "defcon", "end_date": "time_end"}
	all := fields{}
	for _, one := range wrong {
		name := one.Field
		if older, ok := names[name]; ok {
			name = older
		}
		all.add(name, one.Message)
	}
	return all.refusal()
}

// ids reads a list of addresses of a list's things.
func (f olderForm) ids(key, list string, exists func(id string) bool) []string {
	values, isList := f.body[key].([]any)
	if !isList {
		f.errs.add(key, "Expected a list of items.")
		return nil
	}
	var ids []string
	for _, value := range values {
		id, ok := idIn(fmt.Sprint(value), list)
		switch {
		case !ok:
			f.errs.add(key, "Invalid hyperlink - No URL match.")
		case !exists(id):
			f.errs.add(key, "Invalid hyperlink - Object does not exist.")
		default:
			ids = append(ids, id)
		}
	}
	return ids
}

// idIn returns the ID in an address such as http://host/api/status/ID/.
func idIn(address, list string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil {
		return "", false
	}
	id, ok := strings.CutPrefix(u.Path, "/api/"+list+"/")
	id = strings.TrimSuffix(id, "/")
	return id, ok && id != "" && !strings.Contains(id, "/")
}

func (q olderRequest) writeInstance(body map[string]any) (any, error) {
	statuses, made := q.room.Board.Pushed()
	var i monitor.BoardInstance
	if q.id != "" {
		at := slices.IndexFunc(made, func(m monitor.BoardInstance) bool { return strconv.FormatInt(m.Number, 10) == q.id })
		if at < 0 {
			if slices.ContainsFunc(q.instances(), func(i olderInstance) bool { return strconv.FormatInt(i.number, 10) == q.id }) {
				return nil, detail(http.StatusForbidden, "This source is configured; change its component.")
			}
			return nil, olderNotFound()
		}
		i = made[at]
	}
	f := olderForm{body, fields{}, q.Method == http.MethodPatch}
	i.Name = f.text("name", i.Name, true, 64)
	i.Description = f.text("description", i.Description, false, 1024)
	if plugin := f.text("plugin", "", i.Plugin == "", 2000); plugin != "" {
		id, ok := idIn(plugin, "plugin")
		if !ok {
			f.errs.add("plugin", "Invalid hyperlink - No URL match.")
		} else if !slices.Contains(pluginNames(), id) {
			f.errs.add("plugin", "Invalid hyperlink - Object does not exist.")
		}
		i.Plugin = id
	}
	if f.given("statuses") {
		i.Statuses = f.ids("statuses", "status", func(id string) bool {
			return slices.ContainsFunc(statuses, func(r monitor.Rationale) bool { return r.ID == id })
		})
	}
	if err := f.errs.refusal(); err != nil {
		return nil, err
	}
	stored, err := q.room.Board.SaveInstance(q.Context(), i)
	if err != nil {
		return nil, err
	}
	q.room.acted(q.Context(), "plugin_instance.save", stored.Component, stored.Name)
	out := olderInstance{number: stored.Number, component: stored.Component, made: &stored}
	for _, id := range stored.Statuses {
		out.statuses = append(out.statuses, olderStatus{Rationale: monitor.Rationale{ID: id}, uuid: id})
	}
	return q.instanceBody(out), nil
}

func (q olderRequest) writeComponent(body map[string]any) (any, error) {
	f := olderForm{body, fields{}, q.Method == http.MethodPatch}
	var before monitor.Component
	if q.id != "" {
		n := q.look.Node(q.id)
		if n == nil {
			return nil, olderNotFound()
		}
		before = n.Component
	}
	c := before
	if q.id == "" {
		c.ID = f.text("id", "", false, 64)
	}
	c.Name = f.text("name", c.Name, true, 64)
	c.Description = f.text("description", c.Description, false, 1024)
	c.Link = f.link(c.Link, true)
	c.Contact = f.text("contact", c.Contact, false, 254)
	if _, err := mail.ParseAddress(c.Contact); err != nil && c.Contact != before.Contact {
		f.errs.add("contact", "Enter a valid email address.")
	}
	_, made := q.room.Board.Pushed()
	var plugins []string
	if f.given("plugins") {
		plugins = f.ids("plugins", "plugin_instance", func(id string) bool {
			return slices.ContainsFunc(q.instances(), func(i olderInstance) bool { return strconv.FormatInt(i.number, 10) == id })
		})
	}
	if q.id == "" && c.ID == "" && len(f.errs) == 0 {
		f.errs.add("id", "This field is required.")
	}
	if err := f.errs.refusal(); err != nil {
		return nil, err
	}
	if err := q.saveOlderComponent(before, c); err != nil {
		return nil, olderFields(err)
	}
	if f.given("plugins") {
		if err := q.bind(c.ID, plugins, made); err != nil {
			return nil, err
		}
	}
	q.look = q.room.Board.Look()
	return q.component(q.look.Node(c.ID)), nil
}

// saveOlderComponent stores what a component says of itself, if it is changed.
func (q olderRequest) saveOlderComponent(before, c monitor.Component) error {
	if before.ID != "" && before.Name == c.Name && before.Description == c.Description && before.Link == c.Link && before.Contact == c.Contact {
		return nil
	}
	if before.File != "" {
		return monitor.Invalid("name", "the component %s is kept in %s; change it there", c.ID, before.File)
	}
	body := toConfig(c)
	if before.ID == "" {
		_, err := q.room.apiCreate(q.Context(), &createInput{body})
		return err
	}
	_, err := q.room.apiUpdate(q.Context(), &updateInput{before.ID, body})
	return err
}

// bind gives a component the instances that are listed, of those that were made
// through this API, and takes away the others. Configured ones stay.
func (q olderRequest) bind(component string, numbers []string, made []monitor.BoardInstance) error {
	for _, m := range made {
		wanted := slices.Contains(numbers, strconv.FormatInt(m.Number, 10))
		switch {
		case wanted && m.Component != component:
			m.Component = component
		case !wanted && m.Component == component:
			m.Component = ""
		default:
			continue
		}
		if _, err := q.room.Board.SaveInstance(q.Context(), m); err != nil {
			return err
		}
		q.room.acted(q.Context(), "plugin_instance.bind", component, m.Name)
	}
	return nil
}
