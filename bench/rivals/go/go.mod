module millrace.bench/rival

go 1.19
