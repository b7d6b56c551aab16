package lifecycle

// Event is something that happened to a thing, in words for programs:
// "claim.approved". Detail holds ids and dates, never names of people.
type Event struct {
	Type   string            `json:"type"`
	Detail map[string]string `json:"detail,omitempty"`
}
