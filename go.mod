module github.com/kizuna-org/kizuna

go 1.26
