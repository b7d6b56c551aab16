package program

import (
	"errors"
	"strconv"
	"strings"

	"github.com/kizuna-org/kizuna"
)

// The scalars of a program file.
var (
	textShape = value{
		parse: func(s string) *kizuna.Error {
			if strings.TrimSpace(s) == "" {
				return kizuna.Errorf("program-empty-text", "here stands nothing").WithMend("write a text")
			}
			return nil
		},
		json: map[string]any{"type": []string{"string", "number"}},
	}
	booleanShape = value{
		parse: func(s string) *kizuna.Error {
			if s != "true" && s != "false" {
				return kizuna.Errorf("program-not-a-boolean", "%q is neither true nor false", clip(s)).WithMend("write true or false")
			}
			return nil
		},
		json: map[string]any{"type": "boolean"},
	}
	dateShape   = parsed(kizuna.ParseDate, map[string]any{"type": "string", "pattern": `^\d{4}-\d{2}-\d{2}$`})
	numberShape = parsed(kizuna.ParseFraction, map[string]any{"type": []string{"number", "string"}, "pattern": `^-?\d+(\.\d+)?(/\d+)?$`})
	amountShape = parsed(kizuna.ParseMicro, map[string]any{"type": "number"})
	shareShape  = parsed(parseShare, map[string]any{"type": []string{"number", "string"}, "pattern": `^\d+(\.\d+)?(%|/\d+)?$`})
	rateShape   = parsed(parseRate, map[string]any{"anyOf": []any{
		map[string]any{"type": "number"}, map[string]any{"const": "unknown"},
	}})
	integerShape = parsed(parseInteger, map[string]any{"type": "integer"})
)

func parsed[T any](parse func(string) (T, error), json map[string]any) value {
	return value{
		parse: func(s string) *kizuna.Error {
			_, err := parse(s)
			problem, _ := errors.AsType[*kizuna.Error](err)
			return problem
		},
		json: json,
	}
}

// parseShare reads 40%, 2/5 or 0.4.
func parseShare(s string) (kizuna.Fraction, error) {
	digits, percent := strings.CutSuffix(s, "%")
	f, err := kizuna.ParseFraction(digits)
	if err != nil {
		return f, kizuna.Errorf("program-not-a-share", "%q is not a share", clip(s)).WithMend("write 40%%, 2/5 or 0.4")
	}
	if percent {
		f = f.Div(kizuna.Int(100))
	}
	return f, nil
}

// parseRate reads a number, or "unknown", which is nil.
func parseRate(s string) (*kizuna.Decimal, error) {
	if s == "unknown" {
		return nil, nil
	}
	d, err := kizuna.ParseDecimal(s)
	return &d, err
}

func parseInteger(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < -100_000 || n > 100_000 {
		return 0, kizuna.Errorf("program-not-an-integer", "%q is not a whole number", clip(s)).WithMend("write a whole number, such as 12")
	}
	return n, nil
}

// mustDate and the like read scalars that the grammar has already checked.
func mustDate(n *node) kizuna.Date { d, _ := kizuna.ParseDate(n.text); return d }

func dateOrNil(n *node) *kizuna.Date {
	if n == nil {
		return nil
	}
	d := mustDate(n)
	return &d
}

func fractionOf(n *node) kizuna.Fraction { f, _ := kizuna.ParseFraction(n.text); return f }

func shareOrNil(n *node) *kizuna.Fraction {
	if n == nil {
		return nil
	}
	f, _ := parseShare(n.text)
	return &f
}

func microOrNil(n *node) *kizuna.Micro {
	if n == nil {
		return nil
	}
	m, _ := kizuna.ParseMicro(n.text)
	return &m
}

func integerOr(n *node, otherwise int) int {
	if n == nil {
		return otherwise
	}
	i, _ := parseInteger(n.text)
	return i
}

func isTrue(n *node) bool { return n != nil && n.text == "true" }

func textOf(n *node) string {
	if n == nil {
		return ""
	}
	return n.text
}

func textsOf(n *node) []string {
	if n == nil {
		return nil
	}
	if n.kind == scalar {
		return []string{n.text}
	}
	var texts []string
	for _, item := range n.items {
		texts = append(texts, item.text)
	}
	return texts
}
