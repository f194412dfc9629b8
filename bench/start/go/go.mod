module mainstay.example/bench/orders

go 1.24

require github.com/kardianos/service v1.3.0

require golang.org/x/sys v0.34.0 // indirect
