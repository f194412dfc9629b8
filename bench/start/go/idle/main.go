// The least a service can be on github.com/kardianos/service.
package main

import (
	"fmt"
	"log"

	"github.com/kardianos/service"
)

type program struct{}

func (p *program) Start(s service.Service) error {
	fmt.Println(`{"msg":"Service is up"}`)
	return nil
}

func (p *program) Stop(s service.Service) error { return nil }

func main() {
	s, err := service.New(&program{}, &service.Config{Name: "bench-idle"})
	if err != nil {
		log.Fatal(err)
	}
	if err := s.Run(); err != nil {
		log.Fatal(err)
	}
}
