package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// circumstances are what a figure must not be read without.
type circumstances struct {
	On      string `json:"on"`    // the day
	Where   string `json:"where"` // the machine
	Command string `json:"command"`
	// Busy is how many threads ran or wanted to, on average of the minute before: others',
	// and those of what was measured before. It is negative where the system does not tell.
	Busy float64 `json:"busy"`
}

func circumstancesNow() circumstances {
	return circumstances{On: time.Now().UTC().Format(time.DateOnly), Where: machine(), Command: commandLine(os.Args[1:]), Busy: loadAverage()}
}

// commandLine is what repeats a command, without the folders of this machine.
func commandLine(args []string) string {
	words := []string{"go run ."}
	for i := 0; i < len(args); i++ {
		name, _, joined := strings.Cut(args[i], "=")
		switch name {
		case "--data", "--results", "--python", "--peers", "--from":
			if !joined {
				i++
			}
		default:
			words = append(words, args[i])
		}
	}
	return strings.Join(words, " ")
}

// loadAverage is that of the last minute, or -1.
func loadAverage() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return -1
	}
	first, _, _ := strings.Cut(string(text), " ")
	load, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return -1
	}
	return load
}

// machine says what the figures were measured on.
func machine() string {
	model := runtime.GOARCH
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%d cores, %s, %s", runtime.NumCPU(), model, runtime.GOOS)
}

// figure is something that was measured several times.
type figure struct {
	Name    string    `json:"name"`
	Unit    string    `json:"unit"`
	Rows    int       `json:"rows,omitempty"` // of the data, where its size matters
	Cores   int       `json:"cores"`
	Samples []float64 `json:"samples"`
	circumstances
}

// figuresFile keeps figures of all measurements.
const figuresFile = "figures.json"

func loadFigures(dir string) (all []figure, err error) {
	path := filepath.Join(dir, figuresFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

// keepFigures adds figures to those of earlier measurements, in the place of older ones of the same.
func keepFigures(dir string, measured []figure) error {
	all, err := loadFigures(dir)
	if err != nil {
		return err
	}
	for _, f := range measured {
		all = slices.DeleteFunc(all, func(old figure) bool {
			return old.Name == f.Name && old.Unit == f.Unit && old.Rows == f.Rows && old.Cores == f.Cores
		})
		all = append(all, f)
	}
	return writeJSON(dir, figuresFile, all)
}

// writeJSON writes a file of results whole or not at all.
func writeJSON(dir, name string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o666); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// samples gathers figures that are measured side by side, repetition after repetition.
type samples struct {
	with    circumstances
	rows    int
	cores   int
	figures []figure
}

func (s *samples) add(name, unit string, value float64) {
	i := slices.IndexFunc(s.figures, func(f figure) bool { return f.Name == name && f.Unit == unit })
	if i < 0 {
		i = len(s.figures)
		s.figures = append(s.figures, figure{Name: name, Unit: unit, Rows: s.rows, Cores: s.cores, circumstances: s.with})
	}
	s.figures[i].Samples = append(s.figures[i].Samples, value)
}

func (s *samples) print() {
	for _, f := range s.figures {
		fmt.Printf("%-64s %s\n", f.Name, valueOf(f.Samples).in(f.Unit))
	}
}

// value is the middle of several samples, and how far they reach.
type value struct{ median, least, most float64 }

func valueOf(of []float64) value {
	if len(of) == 0 {
		return value{}
	}
	return value{median(of), slices.Min(of), slices.Max(of)}
}

// over is the quotient of the medians; its ends are the furthest that samples allow.
func (v value) over(w value) value {
	return value{v.median / w.median, v.least / w.most, v.most / w.least}
}

func (v value) times(factor float64) value {
	return value{v.median * factor, v.least * factor, v.most * factor}
}

func (v value) in(unit string) string {
	if unit != "" {
		unit = " " + unit
	}
	return fmt.Sprintf("%s%s (%s to %s)", short(v.median), unit, short(v.least), short(v.most))
}

// short writes three digits that count, never as a power of ten.
func short(x float64) string {
	if x >= 1000 || x <= -1000 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.3g", x)
}

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	if len(sorted) == 0 {
		return 0
	}
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
