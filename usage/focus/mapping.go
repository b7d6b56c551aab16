package focus

import (
	_ "embed"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/kizuna-org/kizuna"
)

//go:embed services.yaml
var defaultMapping []byte

// Mapping says which providers' rows count, and what the provider's services are
// called as workloads of programs. It is not changed once it is made.
type Mapping struct {
	providers map[string]bool
	meters    map[string]string
	services  map[string]string
}

// DefaultMapping is the mapping that Kizuna comes with.
func DefaultMapping() (*Mapping, error) { return ParseMapping(defaultMapping, "services.yaml") }

const maxMappingBytes = 4 << 20

// ParseMapping reads a mapping of the form of usage/focus/services.yaml. File is
// its name for people.
func ParseMapping(data []byte, file string) (*Mapping, error) {
	whole := kizuna.Ref{File: file}
	var doc struct {
		Providers []string          `yaml:"providers"`
		Meters    map[string]string `yaml:"meters"`
		Services  map[string]string `yaml:"services"`
	}
	if len(data) > maxMappingBytes {
		return nil, kizuna.Errorf("focus-mapping-large", "a mapping has at most %d bytes", maxMappingBytes).WithRef(whole)
	}
	if err := yaml.Load(data, &doc, yaml.WithKnownFields()); err != nil {
		return nil, kizuna.Errorf("focus-mapping", "the mapping of services cannot be read: %v", err).
			WithMend("write providers: as a list, meters: and services: as lines of name: workload").
			WithRef(whole).WithCause(err)
	}
	if len(doc.Providers) == 0 {
		return nil, kizuna.Errorf("focus-mapping-providers", "the mapping names no provider, so that no row would count").
			WithMend("write providers: [Microsoft]").WithRef(whole)
	}
	m := &Mapping{providers: make(map[string]bool), meters: foldKeys(doc.Meters), services: foldKeys(doc.Services)}
	for _, name := range doc.Providers {
		m.providers[fold(name)] = true
	}
	return m, nil
}

func foldKeys(in map[string]string) map[string]string {
	out := make(map[string]string, len(in))
	for name, workload := range in {
		out[fold(name)] = workload
	}
	return out
}

var unspaced = strings.NewReplacer(" ", "", "-", "")

func fold(name string) string { return strings.ToLower(unspaced.Replace(name)) }

// Workload returns what programs call a service, by its meter category if that is
// known and else by its name. Known is false for neither; the name stands then.
func (m *Mapping) Workload(meter, service string) (workload string, known bool) {
	if w, ok := m.meters[fold(meter)]; ok && meter != "" {
		return w, true
	}
	if w, ok := m.services[fold(service)]; ok {
		return w, true
	}
	return service, false
}

// Counts reports whether a provider's rows count.
func (m *Mapping) Counts(provider string) bool { return m.providers[fold(provider)] }
