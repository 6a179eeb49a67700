package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// Asks examples/verify/go about the tokens of `tests/black_box/verifiers.rs`: JSON lines in and out.
func main() {
	verifier := Verifier{Issuer: os.Getenv("ISSUER"), Resource: os.Getenv("RESOURCE")}
	lines := json.NewDecoder(os.Stdin)
	for lines.More() {
		var asked struct {
			Token  string
			Needed []string
		}
		if err := lines.Decode(&asked); err != nil {
			panic(err)
		}
		answer := map[string]any{}
		claims, err := verifier.Verify(asked.Token, asked.Needed...)
		switch {
		case err == nil:
			answer["claims"] = claims
		case errors.Is(err, ErrInsufficientScope):
			answer["status"], answer["why"] = 403, err.Error()
		default:
			answer["status"], answer["why"] = 401, err.Error()
		}
		text, _ := json.Marshal(answer)
		fmt.Println(string(text))
	}
}
