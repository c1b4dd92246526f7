package heartbeats

import (
	"context"
	"time"

	"wingmirror/monitor"
)

// keyBody is a key as the API tells of it. It is told in full: it stands in the
// crontabs of those who may see it, and opens nothing but sending.
type keyBody struct {
	Key       string    `json:"key"`
	Space     string    `json:"space"`
	Name      string    `json:"name"`
	Quota     int       `json:"quota" doc:"Heartbeats that the space may have for this key to make another; 0 is the installation's"`
	Imported  bool      `json:"imported" doc:"It came from Pacemaker's list"`
	CreatedAt time.Time `json:"created_at"`
	Ping      string    `json:"ping" doc:"Address to ping, with NAME in place of a heartbeat's name"`
}

func (s desk) toKeyBody(k monitor.HeartbeatKey) keyBody {
	return keyBody{Key: k.Key, Space: k.Space, Name: k.Name, Quota: k.Quota, Imported: k.Imported, CreatedAt: k.CreatedAt, Ping: s.Base + PingPath + k.Key + "/NAME"}
}

type keysOutput struct {
	Body struct {
		Keys []keyBody `json:"keys"`
	}
}

func (s desk) keys(context.Context, *struct{}) (*keysOutput, error) {
	out := &keysOutput{}
	out.Body.Keys = []keyBody{}
	for _, k := range s.Keys.List() {
		out.Body.Keys = append(out.Body.Keys, s.toKeyBody(k))
	}
	return out, nil
}

type makeKeyInput struct {
	Body struct {
		Space string `json:"space" doc:"What it opens; made with its first heartbeat"`
		Name  string `json:"name" required:"false" doc:"What it is for"`
		Quota int    `json:"quota" required:"false"`
	}
}

type keyOutput struct{ Body keyBody }

func (s desk) makeKey(ctx context.Context, in *makeKeyInput) (*keyOutput, error) {
	k, err := s.Keys.Make(ctx, in.Body.Space, in.Body.Name, in.Body.Quota)
	if err != nil {
		return nil, err
	}
	s.h.Record(ctx, "heartbeat_key.create", "space/"+k.Space, k.Name)
	return &keyOutput{Body: s.toKeyBody(k)}, nil
}

type deleteKeyInput struct {
	Key string `path:"key"`
}

func (s desk) deleteKey(ctx context.Context, in *deleteKeyInput) (*struct{}, error) {
	k, err := s.Keys.Find(in.Key)
	if err != nil {
		return nil, err
	}
	if err := s.Keys.Delete(ctx, in.Key); err != nil {
		return nil, err
	}
	s.h.Record(ctx, "heartbeat_key.delete", "space/"+k.Space, k.Name)
	return nil, nil
}
