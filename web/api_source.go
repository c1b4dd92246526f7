package web

import "context"

type findInput struct {
	Query string `query:"query" doc:"A path with globs, such as shop.web*.*" maxLength:"1000"`
}

type nodeBody struct {
	Path string `json:"path"`
	Leaf bool   `json:"leaf" doc:"A metric, not a folder"`
}

type findOutput struct {
	Body struct {
		Nodes []nodeBody `json:"nodes"`
	}
}

// foundNodes is how many nodes one answer lists: more are no help in choosing.
const foundNodes = 500

func (s *server) apiFind(ctx context.Context, in *findInput) (*findOutput, error) {
	query := in.Query
	if query == "" {
		query = "*"
	}
	nodes, err := s.Source.Find(ctx, query)
	if err != nil {
		return nil, err
	}
	out := &findOutput{}
	out.Body.Nodes = []nodeBody{}
	for _, n := range nodes[:min(len(nodes), foundNodes)] {
		out.Body.Nodes = append(out.Body.Nodes, nodeBody{Path: n.Path, Leaf: n.Leaf})
	}
	return out, nil
}

type functionBody struct {
	Name        string `json:"name"`
	Group       string `json:"group"`
	Signature   string `json:"signature"`
	Description string `json:"description"`
}

type functionsOutput struct {
	Body struct {
		Functions []functionBody `json:"functions"`
	}
}

func (s *server) apiFunctions(ctx context.Context, _ *struct{}) (*functionsOutput, error) {
	functions, err := s.Source.Functions(ctx)
	if err != nil {
		return nil, err
	}
	out := &functionsOutput{}
	out.Body.Functions = make([]functionBody, len(functions))
	for i, f := range functions {
		out.Body.Functions[i] = functionBody{Name: f.Name, Group: f.Group, Signature: f.Signature, Description: f.Description}
	}
	return out, nil
}
