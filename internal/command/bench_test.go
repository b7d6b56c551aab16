package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kizuna-org/kizuna"
	"github.com/kizuna-org/kizuna/demo"
)

// BenchmarkScoreDemo is kizuna score on the demo, but for the start of the process.
func BenchmarkScoreDemo(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "demo")
	if err := demo.Write(dir, false); err != nil {
		b.Fatal(err)
	}
	benchmarkScore(b, dir)
}

// BenchmarkScoreMillion is kizuna score on a million usage rows of 60 customers
// over 50 months, counted anew from the tables. With KIZUNA_BENCH_DIR the data is
// written there and kept, so that the whole process can be timed.
func BenchmarkScoreMillion(b *testing.B) {
	dir := os.Getenv("KIZUNA_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	writeMillion(b, dir)
	benchmarkScore(b, dir, "--oracle")
}

func benchmarkScore(b *testing.B, dir string, more ...string) {
	args := append([]string{"score", "--data", dir, "--as-of", "2023-11-15"}, more...)
	b.ResetTimer()
	for b.Loop() {
		if code := run(context.Background(), args, strings.NewReader(""), io.Discard, os.Stderr); code != exitOK {
			b.Fatalf("exit code %d", code)
		}
	}
}

// BenchmarkScoreBook is kizuna score as a whole process on one partner's book: 1,052
// customers with 68,000 resources and 4,400 associations, whose usage is in the cache.
// KIZUNA_BENCH_ROWS says how many usage rows there are, a million if unset; with
// KIZUNA_BENCH_DIR they are written there and kept. The first run, which packs them, is
// reported as first-ms.
func BenchmarkScoreBook(b *testing.B) { benchmarkBook(b, "score", "--as-of", "2023-11-15") }

// BenchmarkForecastBook is the same for kizuna forecast of one partner, 18 months ahead.
func BenchmarkForecastBook(b *testing.B) {
	benchmarkBook(b, "forecast", "--as-of", "2023-11-15", "--partner", "G0")
}

// BenchmarkSimulateBook is the same for kizuna simulate of a claim that ends.
func BenchmarkSimulateBook(b *testing.B) {
	file := filepath.Join(b.TempDir(), "scenario.yaml")
	const text = "end: {table: cpor_claims, tenant_id: a0000000-0000-4000-8000-000000000000, on: 2020-01-01}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	benchmarkBook(b, "simulate", "--as-of", "2023-11-15", "--partner", "G0", file)
}

func benchmarkBook(b *testing.B, args ...string) {
	b.Helper()
	dir, rows := os.Getenv("KIZUNA_BENCH_DIR"), 1_000_000
	if dir == "" {
		dir = b.TempDir()
	}
	if n := os.Getenv("KIZUNA_BENCH_ROWS"); n != "" {
		var err error
		if rows, err = strconv.Atoi(n); err != nil {
			b.Fatal(err)
		}
	}
	writeBook(b, dir, rows)
	kizuna := filepath.Join(b.TempDir(), "kizuna")
	if out, err := exec.Command("go", "build", "-o", kizuna, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	run := func() (wall, cpu time.Duration) {
		cmd := exec.Command(kizuna, append(slices.Clone(args), "--data", dir)...)
		cmd.Stderr = os.Stderr
		start := time.Now()
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
		return time.Since(start), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	first, _ := run()
	var walls, cpus []time.Duration
	for b.Loop() {
		wall, cpu := run()
		walls, cpus = append(walls, wall), append(cpus, cpu)
	}
	report := func(name string, of []time.Duration) {
		slices.Sort(of)
		b.ReportMetric(float64(of[len(of)/2].Microseconds())/1000, name)
	}
	report("median-ms", walls)
	report("median-cpu-ms", cpus)
	b.ReportMetric(float64(first.Milliseconds()), "first-ms")
}

// writeBook writes a partner's book. Few customers have most of the rows.
func writeBook(b *testing.B, dir string, rows int) {
	b.Helper()
	if _, err := os.Stat(filepath.Join(dir, "usage.csv")); err == nil {
		return
	}
	const (
		customers = 1052
		resources = 65 // of a customer
		partners  = 300
	)
	random := rand.New(rand.NewPCG(7, 7))
	location := func() string { // half of all are the first partner's
		if random.IntN(2) == 0 {
			return "L0"
		}
		return fmt.Sprintf("L%d", random.IntN(partners))
	}
	each := func(write func(w io.Writer, t int)) func(io.Writer) {
		return func(w io.Writer) {
			for t := range customers {
				write(w, t)
			}
		}
	}
	writeTable(b, dir, "partners", "location_id,global_id,name,country", func(w io.Writer) {
		for p := range partners {
			fmt.Fprintf(w, "L%d,G%d,Partner %d,JP\n", p, p, p)
		}
	})
	writeTable(b, dir, "customers", "tenant_id,name,country,segment", each(func(w io.Writer, t int) {
		fmt.Fprintf(w, "%s,Customer %d,JP,SMB\n", guid('a', t), t)
	}))
	writeTable(b, dir, "subscriptions", "subscription_id,tenant_id,product,agreement,from,to", each(func(w io.Writer, t int) {
		for s := range 3 {
			fmt.Fprintf(w, "%s,%s,Azure,EA,2019-01-01,\n", guid('b', 4*t+s), guid('a', t))
		}
		fmt.Fprintf(w, "%s,%s,Microsoft 365,CSP,2019-01-01,\n", guid('b', 4*t+3), guid('a', t))
	}))
	writeTable(b, dir, "csp", "subscription_id,tier,location_id,from,to", each(func(w io.Writer, t int) {
		fmt.Fprintf(w, "%s,T1,%s,2020-01-01,\n", guid('b', 4*t+3), location())
	}))
	writeTable(b, dir, "dpor", "subscription_id,location_id,from,to", each(func(w io.Writer, t int) {
		fmt.Fprintf(w, "%s,%s,2021-03-01,\n", guid('b', 4*t), location())
	}))
	writeTable(b, dir, "pal_links", "tenant_id,object_id,location_id,from,to", each(func(w io.Writer, t int) {
		fmt.Fprintf(w, "%s,%s,%s,2021-01-01,\n", guid('a', t), guid('c', t), location())
	}))
	writeTable(b, dir, "role_assignments", "tenant_id,object_id,role,scope,from,to", each(func(w io.Writer, t int) {
		fmt.Fprintf(w, "%s,%s,Contributor,/subscriptions/%s/resourceGroups/rg%d,2021-01-01,\n", guid('a', t), guid('c', t), guid('b', 4*t+1), t%5)
	}))
	writeTable(b, dir, "cpor_claims", "claim_id,location_id,tenant_id,workload,subscription_id,role,approved_on,ended_on", each(func(w io.Writer, t int) {
		fmt.Fprintf(w, "c%d,%s,%s,Teams,,usage,2022-01-01,\n", t, location(), guid('a', t))
	}))
	services := []string{"Storage", "Virtual Machines", "Key Vault", "Functions", "SQL Database", "Azure Firewall", "Sentinel"}
	share := make([]float64, customers)
	sum := 0.0
	for t := range share {
		share[t] = math.Pow(1-random.Float64(), -1/1.5) // Pareto
		sum += share[t]
	}
	from, to := kizuna.NewDate(2021, 11, 1), kizuna.NewDate(2023, 11, 1)
	writeTable(b, dir, "usage", "month,day,tenant_id,subscription_id,scope,workload,offer_type,channel,revenue_usd,active_users,paid_seats,units", each(func(w io.Writer, t int) {
		for m := range 24 {
			fmt.Fprintf(w, "%s,,%s,%s,,Teams,,CSP,,%d,%d,\n", from.Month().Add(m), guid('a', t), guid('b', 4*t+3), 50+m, 120+t%200)
		}
		days := max(1, int(float64(rows)*share[t]/sum)/resources)
		step := max(1, int(to-from)/days)
		for k := range resources {
			// Rows beyond one a day go to further resources of the same kind.
			for n := range days {
				day := from.AddDays(n * step % int(to-from))
				copyOf := n * step / int(to-from)
				fmt.Fprintf(w, "%s,%s,%s,%s,/subscriptions/%s/resourceGroups/rg%d/providers/Microsoft.X/y/r%d-%d,%s,,EA,%d.%02d,,,\n",
					day.Month(), day, guid('a', t), guid('b', 4*t+k%3), guid('b', 4*t+k%3), k%5, k, copyOf, services[k%len(services)], random.IntN(90), n%100)
			}
		}
	}))
}

func guid(kind byte, n int) string { return fmt.Sprintf("%c%07d-0000-4000-8000-%012d", kind, n, n) }

func writeTable(b *testing.B, dir, name, header string, write func(io.Writer)) {
	b.Helper()
	f, err := os.Create(filepath.Join(dir, name+".csv"))
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, header)
	write(w)
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		b.Fatal(err)
	}
}

func writeMillion(b *testing.B, dir string) {
	b.Helper()
	if _, err := os.Stat(filepath.Join(dir, "usage.csv")); err == nil {
		return
	}
	const (
		tenants           = 60
		perTenantAndMonth = 334
	)
	each := func(write func(w io.Writer, t int)) func(io.Writer) {
		return func(w io.Writer) {
			for t := range tenants {
				write(w, t)
			}
		}
	}
	writeTable(b, dir, "partners", "location_id,global_id,name,country", func(w io.Writer) { fmt.Fprint(w, "L1,G1,A,JP\nL2,G1,B,JP\nL3,G2,C,JP\n") })
	writeTable(b, dir, "subscriptions", "subscription_id,tenant_id,product,agreement,from,to", each(func(w io.Writer, t int) {
		for s := range 3 {
			fmt.Fprintf(w, "%s,%s,Azure,EA,2019-01-01,\n", guid('b', 4*t+s), guid('a', t))
		}
		fmt.Fprintf(w, "%s,%s,Microsoft 365,CSP,2019-01-01,\n", guid('b', 4*t+3), guid('a', t))
	}))
	writeTable(b, dir, "csp", "subscription_id,tier,location_id,from,to", each(func(w io.Writer, t int) {
		fmt.Fprintf(w, "%s,T1,L1,2020-01-01,\n%s,T1,L2,2020-01-01,\n", guid('b', 4*t), guid('b', 4*t+3))
	}))
	writeTable(b, dir, "pal_links", "tenant_id,object_id,location_id,from,to", each(func(w io.Writer, t int) {
		fmt.Fprintf(w, "%s,%s,L%d,2021-01-01,\n", guid('a', t), guid('c', t), 1+t%3)
	}))
	writeTable(b, dir, "role_assignments", "tenant_id,object_id,role,scope,from,to", each(func(w io.Writer, t int) {
		fmt.Fprintf(w, "%s,%s,Contributor,/subscriptions/%s,2021-01-01,\n", guid('a', t), guid('c', t), guid('b', 4*t+1))
		fmt.Fprintf(w, "%s,%s,Owner,/subscriptions/%s/resourceGroups/rg3,2021-01-01,2023-05-05T10:00:00Z\n", guid('a', t), guid('c', t), guid('b', 4*t+2))
	}))
	writeTable(b, dir, "cpor_claims", "claim_id,location_id,tenant_id,workload,subscription_id,role,approved_on,ended_on", each(func(w io.Writer, t int) {
		fmt.Fprintf(w, "c%d,L1,%s,Teams,,usage,2022-01-01,\n", t, guid('a', t))
	}))
	services := []string{"Storage", "Virtual Machines", "Key Vault", "Functions", "SQL Database", "Azure Firewall", "Sentinel"}
	writeTable(b, dir, "usage", "month,day,tenant_id,subscription_id,scope,workload,offer_type,channel,revenue_usd,active_users,paid_seats,units", func(w io.Writer) {
		for m := range 50 {
			month := fmt.Sprintf("%d-%02d", 2019+(m+8)/12, (m+8)%12+1)
			for t := range tenants {
				for k := range perTenantAndMonth {
					subscription := guid('b', 4*t+k%3)
					fmt.Fprintf(w, "%s,,%s,%s,/subscriptions/%s/resourceGroups/rg%d/providers/Microsoft.X/y/res%d,%s,,EA,%d.%02d,,,\n",
						month, guid('a', t), subscription, subscription, k%9, k, services[k%len(services)], (m*k*37+t)%9000, k%100)
				}
				fmt.Fprintf(w, "%s,,%s,%s,,Teams,,CSP,,%d,%d,\n", month, guid('a', t), guid('b', 4*t+3), 50+m+t, 120+t)
			}
		}
	})
}
