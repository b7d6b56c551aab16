package program

import (
	"slices"

	"github.com/kizuna-org/kizuna"
)

func (b *builder) areas() {
	for _, e := range b.root.get("tracks").fields() {
		b.trackRule(e.value) // one that no area uses is checked as well
	}
	for _, e := range b.root.get("areas").fields() {
		b.area(e)
	}
	if len(b.p.Areas) == 0 {
		b.report(b.root.place("areas"), kizuna.Errorf("program-no-areas", "there are no areas").WithMend("add an area with metrics"))
	}
}

func (b *builder) area(e entry) {
	a := Area{ID: e.key, Name: namesOf(e.value.get("name")), Max: b.p.Scoring.TotalMax}
	around := b.provenanceOf(e.value, b.provenance)
	a.Track = TrackRule{Kind: SingleTrack, Tracks: []string{Single}, Provenance: around}
	if n := e.value.get("tracks"); n != nil {
		if n = b.named("tracks", n); n == nil {
			return
		}
		a.Track = b.trackRule(n)
	}
	for _, m := range e.value.get("metrics").fields() {
		if metric, ok := b.metric(m, &a.Track, around); ok {
			a.Metrics = append(a.Metrics, metric)
		}
	}
	b.checkSums(e, &a)
	b.p.Areas = append(b.p.Areas, a)
}

// named follows a name into a section of shared definitions; what is no name is
// returned as it is.
func (b *builder) named(section string, n *node) *node {
	if n.kind != scalar {
		return n
	}
	defined := b.root.get(section)
	found := defined.get(n.text)
	if found == nil {
		b.report(n.at, unknown("program-unknown-name", "%q is not defined", clip(n.text), defined.names(), section))
	}
	return found
}

// checkSums asks that the metrics of every track add up to the area's total.
func (b *builder) checkSums(e entry, a *Area) {
	if len(b.found) > 0 && len(a.Metrics) < len(e.value.get("metrics").fields()) {
		return // a metric is missing for another reason, which has been said
	}
	for _, track := range a.Track.Tracks {
		var sum kizuna.Fraction
		for _, m := range a.Metrics {
			if m.Rules[track] == nil {
				return
			}
			sum = sum.Add(m.Rules[track].Max)
		}
		if sum.Cmp(a.Max) != 0 {
			b.report(e.value.place("metrics"), kizuna.Errorf("program-points-sum", "the metrics of %s give %s points, not %s", trackOf(e.key, track), sum, a.Max).
				WithMend("make the max: of its metrics add up to %s", a.Max))
		}
	}
}

func trackOf(area, track string) string {
	if track == Single {
		return area
	}
	return area + ", " + track
}

// trackRule reads which tracks there are and how one is taken.
func (b *builder) trackRule(n *node) TrackRule {
	t := TrackRule{Provenance: b.provenanceOf(n, b.provenance)}
	best, classify := n.get("best"), n.get("classify")
	switch {
	case (best == nil) == (classify == nil):
		b.report(n.at, kizuna.Errorf("program-track-kind", "tracks are either best: [...] or classify: [...]").
			WithMend("write one of the two; an area with one track has no tracks:"))
		return t
	case best != nil:
		t.Kind, t.Tracks = BestTrack, b.distinct(best)
	default:
		t.Kind, t.Tracks = Classified, b.distinct(classify)
		t.Classifier = b.classifier(n, t.Tracks)
	}
	if len(t.Tracks) < 2 || slices.Contains(t.Tracks, Single) {
		b.report(n.at, kizuna.Errorf("program-few-tracks", "a choice needs two tracks or more, none of them called %s", Single).
			WithMend("name the tracks, or leave tracks: out"))
	}
	t.Names = make(map[string]Text)
	for _, track := range t.Tracks {
		t.Names[track] = Text{EN: track}
		if named := b.root.get("track_names").get(track); named != nil {
			t.Names[track] = namesOf(named)
		}
	}
	return t
}

func (b *builder) classifier(n *node, tracks []string) *Classifier {
	c := &Classifier{
		Kind: ClassifierKind(textOf(n.get("by"))), Then: textOf(n.get("then")), Otherwise: textOf(n.get("otherwise")),
		Segment: textOf(n.get("segment")), Channels: b.distinct(n.get("channels")), Countries: b.distinct(n.get("countries")),
		RevenueBelow: microOrNil(n.get("revenue_below")),
	}
	need := func(keys ...string) {
		for _, key := range keys {
			if !n.has(key) {
				b.report(n.at, missing(key))
			}
		}
	}
	need("by", "then", "otherwise")
	for _, key := range []string{"then", "otherwise"} {
		if track := n.get(key); track != nil && !slices.Contains(tracks, track.text) {
			b.report(track.at, unknown("program-unknown-track", "%q is not a track here", clip(track.text), tracks, "classify"))
		}
	}
	switch c.Kind {
	case BySellingWorkloads:
		need("above", "at_least")
		if above := microOrNil(n.get("above")); above != nil {
			c.Above = *above
		}
		c.Count = Subject(textOf(n.get("count")))
		if decides := textOf(n.get("decides")); decides != "both" {
			c.Decides = Deciding(decides)
		}
		c.AtLeast = int64(integerOr(n.get("at_least"), 1))
		if c.AtLeast <= 0 {
			b.report(n.place("at_least"), kizuna.Errorf("program-classification", "at least %d workloads is true of everybody", c.AtLeast).
				WithMend("write 1 or more"))
		}
	case BySegment:
		need("segment", "share")
		b.segmentShare(n.get("share"), c)
	}
	c.Feeds = b.feeds(n)
	return c
}

func (b *builder) segmentShare(n *node, c *Classifier) {
	above, least := n.get("above"), n.get("at_least")
	if n == nil {
		return
	}
	if (above == nil) == (least == nil) {
		b.report(n.at, kizuna.Errorf("program-segment-share", "a share is either above or at_least").WithMend("write {at_least: 80%%}"))
		return
	}
	if c.ShareExclusive = above != nil; c.ShareExclusive {
		c.Share = *shareOrNil(above)
	} else {
		c.Share = *shareOrNil(least)
	}
	b.checkShare(n, &c.Share)
}

func (b *builder) checkShare(n *node, s *kizuna.Fraction) {
	if s != nil && (s.Sign() <= 0 || s.Cmp(kizuna.Int(1)) > 0) {
		b.report(n.at, kizuna.Errorf("program-share", "a share of %s %% cannot be reached, or is always reached", s.Mul(kizuna.Int(100)).Show()).
			WithMend("write a share above 0%% and up to 100%%"))
	}
}
