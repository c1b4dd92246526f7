package heartbeats

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"wingmirror/heartbeat"
	"wingmirror/monitor"
)

// heartbeatKeyBody is a key as the API tells of it. It is told in full: it stands in the
// crontabs of those who may see it.
type heartbeatKeyBody struct {
	Key       string    `json:"key"`
	Space     string    `json:"space"`
	Name      string    `json:"name"`
	Quota     int       `json:"quota" doc:"Heartbeats that the space may have for this key to make another; 0 is the installation's"`
	Imported  bool      `json:"imported" doc:"It came from Pacemaker's list"`
	CreatedAt time.Time `json:"created_at"`
	Ping      string    `json:"ping" doc:"Address to ping, with NAME in place of a heartbeat's name"`
}

func (s desk) toKeyBody(k monitor.HeartbeatKey) heartbeatKeyBody {
	return heartbeatKeyBody{Key: k.Key, Space: k.Space, Name: k.Name, Quota: k.Quota, Imported: k.Imported, CreatedAt: k.CreatedAt, Ping: s.Base + PingPath + k.Key + "/NAME"}
}

type heartbeatKeysOutput struct {
	Body struct {
		Keys []heartbeatKeyBody `json:"keys"`
		Next string             `json:"next,omitempty" doc:"after of the next part; left out on the last"`
	}
}

// placeOfKey is where a key stands in their list. It becomes part of addresses,
// which are logged, so that it holds of the key itself only a short hash.
func placeOfKey(k monitor.HeartbeatKey) string {
	hash := sha256.Sum256([]byte(k.Key))
	return fmt.Sprintf("%s %s %s %x", k.Space, k.Name, monitor.MomentKey(k.CreatedAt, 0), hash[:4])
}

func (s desk) keys(_ context.Context, in *monitor.Part[string]) (*heartbeatKeysOutput, error) {
	out := &heartbeatKeysOutput{}
	out.Body.Keys = []heartbeatKeyBody{}
	all, next := monitor.PartAfter(s.Keys.List(), placeOfKey, in.After, in.Limit)
	out.Body.Next = next
	for _, k := range all {
		out.Body.Keys = append(out.Body.Keys, s.toKeyBody(k))
	}
	return out, nil
}

type makeHeartbeatKeyInput struct {
	Body struct {
		Space string `json:"space" doc:"What it opens; made with its first heartbeat"`
		Name  string `json:"name" required:"false" doc:"What it is for"`
		Quota int    `json:"quota" required:"false"`
	}
}

type heartbeatKeyOutput struct{ Body heartbeatKeyBody }

func (s desk) makeKey(ctx context.Context, in *makeHeartbeatKeyInput) (*heartbeatKeyOutput, error) {
	k, err := s.Keys.Make(ctx, in.Body.Space, in.Body.Name, in.Body.Quota)
	if err != nil {
		return nil, err
	}
	s.h.Record(ctx, "heartbeat_key.create", "space/"+k.Space, k.Name)
	return &heartbeatKeyOutput{Body: s.toKeyBody(k)}, nil
}

type deleteHeartbeatKeyInput struct {
	Key string `path:"key"`
}

func (s desk) deleteKey(ctx context.Context, in *deleteHeartbeatKeyInput) (*struct{}, error) {
	k, err := s.Keys.Find(in.Key)
	if errors.Is(err, heartbeat.ErrKey) {
		return nil, fmt.Errorf("heartbeat key %s: %w", monitor.Cut(in.Key, 50), monitor.ErrNotFound) // who asks may; there is none
	}
	if err != nil {
		return nil, err
	}
	if err := s.Keys.Delete(ctx, in.Key); err != nil {
		return nil, err
	}
	s.h.Record(ctx, "heartbeat_key.delete", "space/"+k.Space, k.Name)
	return nil, nil
}
