package command

import (
	"bufio"
	"iter"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/fleet"
	"github.com/kizuna-org/kizuna/table"
)

// scoreRow is a partner's score in an area, as a row of a file. Points stand there
// twice: exactly, as a fraction, and as a decimal of six places to reckon with.
type scoreRow struct {
	Account       string `parquet:"account"`
	Name          string `parquet:"name"`
	Country       string `parquet:"country,dict"`
	Area          string `parquet:"area,dict"`
	Track         string `parquet:"track,dict"`
	Points        string `parquet:"points"`
	PointsDecimal int64  `parquet:"points_decimal,decimal(6:18)"`
	Displayed     int64  `parquet:"displayed"`
	Passes        bool   `parquet:"passes"`
	NoData        string `parquet:"no_data,dict"` // metrics of the track, by commas
}

func (r scoreRow) cells() []string {
	return []string{
		r.Account, r.Name, r.Country, r.Area, r.Track, r.Points, kizuna.Micro(r.PointsDecimal).String(),
		strconv.FormatInt(r.Displayed, 10), strconv.FormatBool(r.Passes), r.NoData,
	}
}

func scoreRows(p *fleet.Scored) []scoreRow {
	rows := make([]scoreRow, len(p.Figures.Areas))
	for i := range p.Figures.Areas {
		a := &p.Figures.Areas[i]
		rows[i] = scoreRow{
			p.Account, p.Name, p.Country, p.Figures.ID(i), a.Track, a.Total.String(), sixPlaces(a.Total),
			a.Displayed, a.Qualified, p.Figures.WithoutData(i),
		}
	}
	return rows
}

// sixPlaces rounds points to millionths.
func sixPlaces(f kizuna.Fraction) int64 {
	n, err := kizuna.ParseMicro(f.Decimal(6))
	if err != nil {
		return 0 // no program gives so many points
	}
	return int64(n)
}

// backtestRow is what becomes of a partner in an area, as a row of a file.
type backtestRow struct {
	Account           string `parquet:"account"`
	Name              string `parquet:"name"`
	Country           string `parquet:"country,dict"`
	Area              string `parquet:"area,dict"`
	Outcome           string `parquet:"outcome,dict"`
	TrackBefore       string `parquet:"track_before,dict"`
	TrackAfter        string `parquet:"track_after,dict"`
	PointsBefore      string `parquet:"points_before"`
	PointsAfter       string `parquet:"points_after"`
	Difference        string `parquet:"difference"`
	DifferenceDecimal int64  `parquet:"difference_decimal,decimal(6:18)"`
	DisplayedBefore   int64  `parquet:"displayed_before"`
	DisplayedAfter    int64  `parquet:"displayed_after"`
	PassesBefore      bool   `parquet:"passes_before"`
	PassesAfter       bool   `parquet:"passes_after"`
}

func (r backtestRow) cells() []string {
	return []string{
		r.Account, r.Name, r.Country, r.Area, r.Outcome, r.TrackBefore, r.TrackAfter, r.PointsBefore, r.PointsAfter,
		r.Difference, kizuna.Micro(r.DifferenceDecimal).String(),
		strconv.FormatInt(r.DisplayedBefore, 10), strconv.FormatInt(r.DisplayedAfter, 10),
		strconv.FormatBool(r.PassesBefore), strconv.FormatBool(r.PassesAfter),
	}
}

func backtestRows(p *fleet.Compared) []backtestRow {
	rows := make([]backtestRow, len(p.Areas))
	for i := range p.Areas {
		c := &p.Areas[i]
		r := backtestRow{
			Account: p.Account, Name: p.Name, Country: p.Country, Area: c.Area, Outcome: string(c.Outcome()),
			Difference: c.Difference().String(), DifferenceDecimal: sixPlaces(c.Difference()),
		}
		if a := c.Before; a != nil {
			r.TrackBefore, r.PointsBefore, r.DisplayedBefore, r.PassesBefore = a.Track, a.Total.String(), a.Displayed, a.Qualified
		}
		if a := c.After; a != nil {
			r.TrackAfter, r.PointsAfter, r.DisplayedAfter, r.PassesAfter = a.Track, a.Total.String(), a.Displayed, a.Qualified
		}
		rows[i] = r
	}
	return rows
}

// rowsOfEach makes rows of things.
func rowsOfEach[T, R any](things iter.Seq2[T, error], of func(*T) []R) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for thing, err := range things {
			if err != nil {
				var none R
				yield(none, err)
				return
			}
			for _, r := range of(&thing) {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// writable refuses a name of a file that says no format.
func writable(file string) error {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".csv", ".parquet":
		return nil
	}
	if file == "" {
		return nil
	}
	return kizuna.Errorf("fleet-format", "%s names no format", file).WithMend("end it with .csv or .parquet")
}

// writeRows writes rows of things into a file, whole or not at all, in the format that
// its name says; without a name the things are only gone through, and no rows are made.
// It returns how many rows there are in the file.
func writeRows[T any, R interface{ cells() []string }](file string, things iter.Seq2[T, error], of func(*T) []R) (n int, err error) {
	if file == "" {
		for _, err := range things {
			if err != nil {
				return 0, err
			}
		}
		return 0, nil
	}
	rows := rowsOfEach(things, of)
	err = writeFile(file, func(w *bufio.Writer) error {
		if strings.EqualFold(filepath.Ext(file), ".csv") {
			n, err = writeCSV(w, rows)
		} else {
			n, err = writeParquet(w, rows)
		}
		return err
	})
	return n, err
}

func writeCSV[R interface{ cells() []string }](w *bufio.Writer, rows iter.Seq2[R, error]) (n int, err error) {
	var header []string
	for _, column := range parquet.SchemaOf(*new(R)).Columns() {
		header = append(header, column[0])
	}
	out := table.NewWriter(w, header...)
	for r, err := range rows {
		if err != nil {
			return n, err
		}
		if err := out.Write(r.cells()); err != nil {
			return n, err
		}
		n++
	}
	return n, out.Close()
}

func writeParquet[R any](w *bufio.Writer, rows iter.Seq2[R, error]) (n int, err error) {
	out := parquet.NewGenericWriter[R](w, parquet.Compression(&parquet.Zstd))
	batch := make([]R, 0, 4096)
	flush := func() error {
		written, err := out.Write(batch)
		n += written
		batch = batch[:0]
		return err
	}
	for r, err := range rows {
		if err != nil {
			return n, err
		}
		if batch = append(batch, r); len(batch) == cap(batch) {
			if err := flush(); err != nil {
				return n, err
			}
		}
	}
	if err := flush(); err != nil {
		return n, err
	}
	return n, out.Close()
}
