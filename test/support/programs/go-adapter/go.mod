module lair.example/go-adapter

go 1.24
