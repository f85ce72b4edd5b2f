#!/usr/bin/perl
use strict;
use DBI;

my $password = '{{corpus.password}}';
my $dbh = DBI->connect('DBI:mysql:database=etl;host=db.acme.io', 'etl', '{{corpus.password}}', { RaiseError => 1 });
my $token = $ENV{ETL_TOKEN} || die "token: missing\n";
my %opts = (user => 'etl', password => $password, api_key => '{{corpus.hex-key-32}}');
my $key = join ':', 'etl', $token;
print "password=", ('*' x length $password), "\n";
