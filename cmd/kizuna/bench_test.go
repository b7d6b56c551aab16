package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
// over 50 months. With KIZUNA_BENCH_DIR the data is written there and kept, so
// that the whole process can be timed.
func BenchmarkScoreMillion(b *testing.B) {
	dir := os.Getenv("KIZUNA_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	writeMillion(b, dir)
	benchmarkScore(b, dir)
}

func benchmarkScore(b *testing.B, dir string) {
	b.ResetTimer()
	for b.Loop() {
		if code := run(context.Background(), []string{"score", "--data", dir, "--as-of", "2023-11-15"}, strings.NewReader(""), io.Discard, os.Stderr); code != exitOK {
			b.Fatalf("exit code %d", code)
		}
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
	id := func(kind byte, n int) string { return fmt.Sprintf("%c%07d-0000-4000-8000-%012d", kind, n, n) }
	table := func(name, header string, write func(io.Writer)) {
		f, err := os.Create(filepath.Join(dir, name+".csv"))
		if err != nil {
			b.Fatal(err)
		}
		w := bufio.NewWriter(f)
		fmt.Fprintln(w, header)
		write(w)
		if err := w.Flush(); err != nil {
			b.Fatal(err)
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
	each := func(write func(w io.Writer, t int)) func(io.Writer) {
		return func(w io.Writer) {
			for t := range tenants {
				write(w, t)
			}
		}
	}
	table("partners", "location_id,global_id,name,country", func(w io.Writer) { fmt.Fprint(w, "L1,G1,A,JP\nL2,G1,B,JP\nL3,G2,C,JP\n") })
	table("subscriptions", "subscription_id,tenant_id,product,agreement,from,to", each(func(w io.Writer, t int) {
		for s := range 3 {
			fmt.Fprintf(w, "%s,%s,Azure,EA,2019-01-01,\n", id('b', 4*t+s), id('a', t))
		}
		fmt.Fprintf(w, "%s,%s,Microsoft 365,CSP,2019-01-01,\n", id('b', 4*t+3), id('a', t))
	}))
	table("csp", "subscription_id,tier,location_id,from,to", each(func(w io.Writer, t int) {
		fmt.Fprintf(w, "%s,T1,L1,2020-01-01,\n%s,T1,L2,2020-01-01,\n", id('b', 4*t), id('b', 4*t+3))
	}))
	table("pal_links", "tenant_id,object_id,location_id,from,to", each(func(w io.Writer, t int) {
		fmt.Fprintf(w, "%s,%s,L%d,2021-01-01,\n", id('a', t), id('c', t), 1+t%3)
	}))
	table("role_assignments", "tenant_id,object_id,role,scope,from,to", each(func(w io.Writer, t int) {
		fmt.Fprintf(w, "%s,%s,Contributor,/subscriptions/%s,2021-01-01,\n", id('a', t), id('c', t), id('b', 4*t+1))
		fmt.Fprintf(w, "%s,%s,Owner,/subscriptions/%s/resourceGroups/rg3,2021-01-01,2023-05-05T10:00:00Z\n", id('a', t), id('c', t), id('b', 4*t+2))
	}))
	table("cpor_claims", "claim_id,location_id,tenant_id,workload,subscription_id,role,approved_on,ended_on", each(func(w io.Writer, t int) {
		fmt.Fprintf(w, "c%d,L1,%s,Teams,,usage,2022-01-01,\n", t, id('a', t))
	}))
	services := []string{"Storage", "Virtual Machines", "Key Vault", "Functions", "SQL Database", "Azure Firewall", "Sentinel"}
	table("usage", "month,day,tenant_id,subscription_id,scope,workload,offer_type,channel,revenue_usd,active_users,paid_seats,units", func(w io.Writer) {
		for m := range 50 {
			month := fmt.Sprintf("%d-%02d", 2019+(m+8)/12, (m+8)%12+1)
			for t := range tenants {
				for k := range perTenantAndMonth {
					subscription := id('b', 4*t+k%3)
					fmt.Fprintf(w, "%s,,%s,%s,/subscriptions/%s/resourceGroups/rg%d/providers/Microsoft.X/y/res%d,%s,,EA,%d.%02d,,,\n",
						month, id('a', t), subscription, subscription, k%9, k, services[k%len(services)], (m*k*37+t)%9000, k%100)
				}
				fmt.Fprintf(w, "%s,,%s,%s,,Teams,,CSP,,%d,%d,\n", month, id('a', t), id('b', 4*t+3), 50+m+t, 120+t)
			}
		}
	})
}
