package boards

import (
	"context"
	"slices"
	"strings"
	"time"

	"wingmirror/monitor"
)

type boardSubscriptionBody struct {
	ID          int64     `json:"id"`
	Destination string    `json:"destination"`
	From        string    `json:"from" doc:"The calmest level that it is told of"`
	Better      bool      `json:"better" doc:"It is told of every improvement, too"`
	Author      string    `json:"author"`
	CreatedAt   time.Time `json:"created_at"`
}

func toSubscription(s monitor.Subscription) boardSubscriptionBody {
	return boardSubscriptionBody{s.ID, monitor.Destination(s.Destination).Redacted(), s.From.String(), s.Better, s.Author, s.CreatedAt.UTC()}
}

type subscriptionsOutput struct {
	Body struct {
		Subscriptions []boardSubscriptionBody `json:"subscriptions"`
		Next          int64                   `json:"next,omitempty" doc:"after of the next part; left out on the last"`
	}
}

type subscriptionsInput struct {
	monitor.Part[int64]
	Component string `path:"component"`
}

func (r room) apiSubscriptions(_ context.Context, in *subscriptionsInput) (*subscriptionsOutput, error) {
	_, n, err := r.node(in.Component)
	if err != nil {
		return nil, err
	}
	out := &subscriptionsOutput{}
	out.Body.Subscriptions = []boardSubscriptionBody{}
	all, next := monitor.PartAfter(r.Board.Subscriptions(n.ID), func(s monitor.Subscription) int64 { return s.ID }, in.After, in.Limit)
	out.Body.Next = next
	for _, s := range all {
		out.Body.Subscriptions = append(out.Body.Subscriptions, toSubscription(s))
	}
	return out, nil
}

// subscribeBody is to whom and of which levels a subscription tells.
type subscribeBody struct {
	Destination string `json:"destination,omitempty" doc:"As in a monitor's alerts: mailto:ops@example.com, webhook+https://hooks.example.com/x. In a change it stays when it is empty or as it was shown"`
	From        any    `json:"from,omitempty" doc:"The calmest level to be told of, DC1 to DC4; DC3 when empty. It is also told when the level is calmer again"`
	Better      bool   `json:"better,omitempty" doc:"Tell every improvement, not only the one out of these levels"`
}

// into puts what the body says into a subscription, all of it or nothing.
func (b subscribeBody) into(s *monitor.Subscription, groups []string) error {
	to := monitor.Destination(s.Destination)
	if text := strings.TrimSpace(b.Destination); to == "" || text != "" && text != to.Redacted() {
		var err error
		if to, err = monitor.ParseDestination(text); err != nil {
			return monitor.Invalid("destination", "%v", err)
		}
		if unknown := monitor.CheckGroups([]string{string(to)}, groups); len(unknown) > 0 {
			return monitor.Invalid("destination", "%s", unknown[0].Message)
		}
	}
	from := monitor.DC3
	if b.From != nil {
		var err error
		if from, err = readLevel(b.From); err != nil || from == monitor.DC5 {
			return errTold("from")
		}
	}
	s.Destination, s.From, s.Better = string(to), from, b.Better
	return nil
}

// errTold says which levels somebody can want to hear of.
func errTold(field string) error {
	return monitor.Invalid(field, "say from which level on it is told: DC1 to DC4; DC5 is when all is well")
}

type subscribeInput struct {
	Component string `path:"component"`
	Body      subscribeBody
}

type resubscribeInput struct {
	Component string `path:"component"`
	ID        int64  `path:"id" minimum:"1"`
	Body      subscribeBody
}

type subscriptionOutput struct{ Body boardSubscriptionBody }

func (r room) apiSubscribe(ctx context.Context, in *subscribeInput) (*subscriptionOutput, error) {
	_, n, err := r.node(in.Component)
	if err != nil {
		return nil, err
	}
	s := monitor.Subscription{Component: n.ID, Author: r.Author(ctx), CreatedAt: r.Now()}
	if err := in.Body.into(&s, r.groups()); err != nil {
		return nil, err
	}
	if s, err = r.Components.AddSubscription(ctx, s); err != nil {
		return nil, err
	}
	return r.subscribed(ctx, "subscription.create", s)
}

func (r room) apiResubscribe(ctx context.Context, in *resubscribeInput) (*subscriptionOutput, error) {
	s, known := r.subscription(in.Component, in.ID)
	if !known {
		return nil, monitor.Missing("%s has no subscription %d", monitor.Cut(in.Component, 64), in.ID)
	}
	if err := in.Body.into(&s, r.groups()); err != nil {
		return nil, err
	}
	s, err := r.Components.ChangeSubscription(ctx, s)
	if err != nil {
		return nil, err
	}
	return r.subscribed(ctx, "subscription.update", s)
}

// subscription finds one of a component in the board's memory.
func (r room) subscription(component string, id int64) (monitor.Subscription, bool) {
	all := r.Board.Subscriptions(component)
	at := slices.IndexFunc(all, func(s monitor.Subscription) bool { return s.ID == id })
	if at < 0 {
		return monitor.Subscription{}, false
	}
	return all[at], true
}

// subscribed makes the board take over what was stored of a subscription.
func (r room) subscribed(ctx context.Context, action string, s monitor.Subscription) (*subscriptionOutput, error) {
	if err := r.Board.Reload(ctx); err != nil {
		return nil, err
	}
	r.acted(ctx, action, s.Component, monitor.Destination(s.Destination).Redacted())
	return &subscriptionOutput{toSubscription(s)}, nil
}

func (r room) apiUnsubscribe(ctx context.Context, in *overrideIDInput) (*struct{}, error) {
	s, _ := r.subscription(in.Component, in.ID) // for the audit log
	if err := r.Components.DeleteSubscription(ctx, in.Component, in.ID); err != nil {
		return nil, err
	}
	s.Component = in.Component
	_, err := r.subscribed(ctx, "subscription.delete", s)
	return nil, err
}
