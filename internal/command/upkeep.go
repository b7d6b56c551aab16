package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/badge/did"
	"github.com/kizuna-org/kizuna/record"
	"github.com/kizuna-org/kizuna/record/publish"
	"github.com/kizuna-org/kizuna/store"
)

// upkeepCmd does what somebody has to do every day.
type upkeepCmd struct {
	storeFlags
	issuerFlags
	Publish string `name:"publish" type:"path" placeholder:"DIR" help:"help.upkeep-publish"`
	listFlags
	Every time.Duration `name:"every" placeholder:"10s|1h" help:"help.upkeep-every"`
}

const (
	leastEvery = time.Second
	// lookEvery is how often a process that stays looks for what others recorded: what
	// they took back must be published within a second.
	lookEvery  = 250 * time.Millisecond
	retryEvery = 5 * time.Second
)

// Run does the upkeep once, or goes on doing it until it is interrupted.
func (c *upkeepCmd) Run(a *app) error {
	if c.Every != 0 && c.Every < leastEvery {
		return kizuna.Errorf("upkeep-every", "upkeep every %s is too often", c.Every).
			WithMend("write %s or more; what is taken back is published at once anyway", leastEvery)
	}
	o, err := c.open(a)
	if err != nil {
		return err
	}
	u := &upkeep{upkeepCmd: c, a: a, opened: o}
	if c.Every != 0 {
		u.log = a.journal()
		u.stay(a.Context)
		return o.done(context.WithoutCancel(a.Context))
	}
	done, err := u.pass(a.Context)
	// What was recorded is sealed even if the user has interrupted meanwhile.
	if err = errors.Join(err, o.done(context.WithoutCancel(a.Context))); err != nil {
		return err
	}
	if a.JSON {
		err = a.writeJSON(a.Stdout, done)
	} else {
		err = done.show(a)
	}
	if err == nil && done.Failed > 0 {
		err = errProblems
	}
	return err
}

// journal is where a process that stays tells what it did.
func (a *app) journal() *slog.Logger {
	if a.JSON {
		return slog.New(slog.NewJSONHandler(a.Stderr, nil))
	}
	return slog.New(slog.NewTextHandler(a.Stderr, nil))
}

// upkeep is the upkeep of one record.
type upkeep struct {
	*upkeepCmd
	*opened
	a   *app
	log *slog.Logger // of a process that stays; nil: it is told to whoever asked

	reviewed *lastReview // nil: none yet
}

// lastReview is up to where badges have been reviewed.
type lastReview struct {
	entry int64
	day   kizuna.Date
	ring  kizuna.Hash
}

// kept is what the upkeep did.
type kept struct {
	Done    int              `json:"done"`
	Failed  int              `json:"failed"`
	Badges  *reviewedBadges  `json:"badges,omitempty"`
	Written *publish.Written `json:"published,omitempty"`
}

func (k *kept) show(a *app) error {
	text := []string{a.P.T("tick.done", k.Done, k.Failed)}
	if k.Badges != nil {
		text = append(text, a.P.T("badge.reviewed", k.Badges.Looked, len(k.Badges.Revoked)))
	}
	if k.Written != nil {
		text = append(text, a.P.T("upkeep.published", k.Written.Badges, k.Written.Lists))
	}
	return lines(a.Stdout, text...)
}

// any reports whether anything was done.
func (k *kept) any() bool {
	return k.Done+k.Failed > 0 || k.Badges != nil && k.Badges.Revoked != nil || k.Written != nil && *k.Written != (publish.Written{})
}

// attrs tells the same to a log.
func (k *kept) attrs() []any {
	out := []any{"done", k.Done, "failed", k.Failed}
	if k.Badges != nil {
		out = append(out, "reviewed", k.Badges.Looked, "revoked", len(k.Badges.Revoked))
	}
	if k.Written != nil {
		out = append(out, "badges", k.Written.Badges, "lists", k.Written.Lists)
	}
	return out
}

// pass does everything once, in the order in which one thing follows from another: what
// the days brought, which badges that ends, and what of it is to be published. That
// something failed keeps nothing else from being published.
func (u *upkeep) pass(ctx context.Context) (*kept, error) {
	k, err := u.judge(ctx)
	if u.Publish != "" {
		written, failed := u.publish(ctx)
		k.Written, err = written, errors.Join(err, failed)
	}
	return k, err
}

// judge lets the clock act, and takes back badges that no longer hold.
func (u *upkeep) judge(ctx context.Context) (*kept, error) {
	k := &kept{}
	err := u.Tick(ctx, nil, func(r record.Rung) {
		if r.Err != nil {
			k.Failed++
			u.failed(r.Thing.String(), r.Err)
			return
		}
		k.Done++
	})
	if err == nil {
		k.Badges, err = u.reviewOurs(ctx)
	}
	return k, errors.Join(err, u.sweep(ctx))
}

// reviewOurs reviews the badges; nil if nobody issues any here.
func (u *upkeep) reviewOurs(ctx context.Context) (*reviewedBadges, error) {
	dir, err := u.dir(&u.storeFlags)
	if err != nil {
		return nil, u.unlessPublishing(err)
	}
	issuer, err := readIssuer(dir)
	if err != nil {
		return nil, u.unlessPublishing(err)
	}
	return u.review(ctx, issuer.ring())
}

// unlessPublishing drops the error that there is no issuer, where none is needed.
func (u *upkeep) unlessPublishing(err error) error {
	if code := kizuna.CodeOf(err); u.Publish == "" && (code == "badge-no-issuer" || code == "badge-no-keys") {
		return nil
	}
	return err
}

func (u *upkeep) publish(ctx context.Context) (*publish.Written, error) {
	issuer, signer, err := u.signing(&u.storeFlags) // each time: keys are rotated meanwhile
	if err != nil {
		return nil, err
	}
	p, err := u.publisher(u.opened, issuer, signer, u.Publish)
	if err != nil {
		return nil, err
	}
	written, err := p.Changed(ctx)
	return &written, err
}

// failed tells what failed.
func (u *upkeep) failed(what string, err error) {
	if u.log != nil {
		u.log.Error("failed", "what", what, "error", err)
		return
	}
	fmt.Fprintf(u.a.Stderr, "%s: %s\n", what, u.a.P.Error(err))
}

// review reviews every badge at first, on every new day and after a change of keys; in
// between those of whom something happened to.
func (u *upkeep) review(ctx context.Context, ring did.Ring) (*reviewedBadges, error) {
	head, _, err := u.Head(ctx, 0)
	if err != nil {
		return nil, err
	}
	now, err := instantNow()
	if err != nil {
		return nil, err
	}
	keys, err := json.Marshal(ring)
	if err != nil {
		return nil, err
	}
	next := &lastReview{head, now.Date(), kizuna.HashOf(keys)}
	whose := []store.Query{{}}
	if last := u.reviewed; last != nil && last.day == next.day && last.ring == next.ring {
		if whose, err = u.concerned(ctx, last.entry); err != nil {
			return nil, err
		}
	}
	v := &reviewedBadges{}
	for _, q := range whose {
		if err := u.ReviewBadges(ctx, record.Ask{Actor: record.Clock}, ring, q, v.add); err != nil {
			return v, err
		}
	}
	u.reviewed = next
	return v, nil
}

// concerned lists whose badges may have ended since an entry of the audit trail: all, if
// that is too much to follow.
func (u *upkeep) concerned(ctx context.Context, after int64) (whose []store.Query, err error) {
	const most = 1000
	events, err := u.Events(ctx, store.View{Scope: store.Everything}, after, most)
	if err != nil || len(events) >= most {
		return []store.Query{{}}, err
	}
	seen := make(map[[2]string]bool)
	for i := range events {
		e := &events[i]
		for _, id := range [][2]string{{e.Concerns.Location, ""}, {"", e.Concerns.Subject}} {
			if e.Thing.Kind != record.BadgeKind && id != [2]string{} && !seen[id] {
				seen[id] = true
				whose = append(whose, store.Query{Location: id[0], Subject: id[1]})
			}
		}
	}
	return whose, nil
}

// stay does the upkeep at every interval, and publishes at once what was recorded since,
// also by others, until it is interrupted. What fails is told, and tried again.
func (u *upkeep) stay(ctx context.Context) {
	u.log.Info("upkeep begins", "every", u.Every, "publish", u.Publish)
	var both sync.WaitGroup
	both.Go(func() { every(ctx, u.Every, func() { u.tell(ctx, u.sealed) }) })
	if u.Publish != "" {
		both.Go(func() { u.watch(ctx) })
	}
	both.Wait()
	u.log.Info("upkeep ends")
}

// every does something now, and again whenever so much time has passed.
func every(ctx context.Context, interval time.Duration, do func()) {
	next := time.NewTicker(interval)
	defer next.Stop()
	for ctx.Err() == nil {
		do()
		select {
		case <-ctx.Done():
		case <-next.C:
		}
	}
}

// sealed judges, and seals what was recorded if this process has the key.
func (u *upkeep) sealed(ctx context.Context) (*kept, error) {
	k, err := u.judge(ctx)
	if u.key != nil && err == nil {
		_, err = u.seal(ctx)
	}
	return k, err
}

// watch publishes when something was recorded or keys changed, and from time to time
// anyway, because lists come to their end. After a failure it waits a little.
func (u *upkeep) watch(ctx context.Context) {
	var seen string
	var due, pause time.Time
	every(ctx, lookEvery, func() {
		if time.Now().Before(pause) {
			return
		}
		u.tell(ctx, func(ctx context.Context) (*kept, error) {
			now, err := u.stamp(ctx)
			k := &kept{}
			if err == nil && (now != seen || time.Now().After(due)) {
				k.Written, err = u.publish(ctx)
			}
			switch {
			case err != nil:
				pause, due = time.Now().Add(retryEvery), time.Time{}
			case k.Written != nil:
				seen, due = now, time.Now().Add(min(u.Every, time.Duration(u.ListDays)*6*time.Hour))
			}
			return k, err
		})
	})
}

// stamp changes whenever something is recorded, or the issuer's keys are others.
func (u *upkeep) stamp(ctx context.Context) (string, error) {
	head, _, err := u.Head(ctx, 0)
	if err != nil {
		return "", err
	}
	dir, err := u.dir(&u.storeFlags)
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, issuerFileName)
	info, err := os.Stat(name)
	if err != nil {
		return "", unreadable(name, err)
	}
	return fmt.Sprint(head, info.ModTime()), nil
}

// tell logs what was done.
func (u *upkeep) tell(ctx context.Context, do func(context.Context) (*kept, error)) {
	k, err := do(ctx)
	switch {
	case err != nil && ctx.Err() != nil: // it was interrupted
	case err != nil:
		u.failed("upkeep", err)
	case k.any():
		u.log.Info("upkeep", k.attrs()...)
	}
}
