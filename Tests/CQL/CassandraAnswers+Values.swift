// What Cassandra 5.0.6 answered to these statements over the tables of `standardSchema`, asked on 2026-11-25 with its
// stock Python driver: "ok", its markers or the stored bytes; or an error code in hexadecimal and its words. Where
// Marquee differs on purpose, the statement is not here.

extension CassandraAnswers {
  static let values = #"""
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '2011-02-03')
      ok 0000012de8d18000
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '2011-02-03 04:05')
      ok 0000012de9b1cde0
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '2011-02-03 04:05:06')
      ok 0000012de9b1e550
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '2011-02-03T04:05:06.789Z')
      ok 0000012de9b1e865
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '2011-02-03 04:05:06.7')
      ok 0000012de9b1e80c
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '2011-02-03 04:05+0000')
      ok 0000012de9b1cde0
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '2011-02-03 04:05:00 +0100')
      ok 0000012de97adf60
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '2011-02-03+0100')
      ok 0000012de89a9180
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '2011-02-03 04:05:06.789123')
      ok 0000012de9b1e865
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '2011-2-3')
      2200 Unable to parse a date/time from '2011-2-3'
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '11-02-03')
      2200 Unable to parse a date/time from '11-02-03'
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '2011-02-03 4:5')
      ok 0000012de9b1cde0
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '2011-13-01')
      2200 Unable to parse a date/time from '2011-13-01'
    INSERT INTO all_types (k, timestamp_c) VALUES (1, 'x')
      2200 Unable to parse a date/time from 'x'
    INSERT INTO all_types (k, timestamp_c) VALUES (1, 0)
      ok 0000000000000000
    INSERT INTO all_types (k, timestamp_c) VALUES (1, -1)
      ok ffffffffffffffff
    INSERT INTO all_types (k, timestamp_c) VALUES (1, 1e3)
      2200 Invalid FLOAT constant (1e3) for "timestamp_c" of type timestamp
    INSERT INTO all_types (k, timestamp_c) VALUES (1, 9223372036854775807)
      ok 7fffffffffffffff
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '2011-02-03 04:05 UTC')
      ok 0000012de9b1cde0
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '2011-02-03T04:05:06+01:30')
      ok 0000012de95f7f90
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '1500-01-01')
      ok fffff282b5a44000
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '-0001-01-01')
      ok ffffc76e394a7400
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '10000-01-01')
      2200 Unable to parse a date/time from '10000-01-01'
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '2011-02-03 04:05:06 GMT')
      ok 0000012de9b1e550
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '1296705900000')
      ok 0000012de9b1cde0
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '2011-02-03T04:05')
      ok 0000012de9b1cde0
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '2011-02-03T')
      2200 Unable to parse a date/time from '2011-02-03T'
    INSERT INTO all_types (k, timestamp_c) VALUES (1, '2011-02-03 04')
      2200 Unable to parse a date/time from '2011-02-03 04'
    INSERT INTO all_types (k, date_c) VALUES (1, '2011-02-03')
      ok 80003aa0
    INSERT INTO all_types (k, date_c) VALUES (1, '1970-01-01')
      ok 80000000
    INSERT INTO all_types (k, date_c) VALUES (1, '-5877641-06-23')
      ok 00000000
    INSERT INTO all_types (k, date_c) VALUES (1, '5881580-07-12')
      2200 Unable to coerce '5881580-07-12' to a formatted date (long)
    INSERT INTO all_types (k, date_c) VALUES (1, '2011-2-3')
      2200 Unable to coerce '2011-2-3' to a formatted date (long)
    INSERT INTO all_types (k, date_c) VALUES (1, 'x')
      2200 Unable to coerce 'x' to a formatted date (long)
    INSERT INTO all_types (k, date_c) VALUES (1, 2147483648)
      ok 80000000
    INSERT INTO all_types (k, date_c) VALUES (1, 0)
      ok 00000000
    INSERT INTO all_types (k, date_c) VALUES (1, 4294967295)
      ok ffffffff
    INSERT INTO all_types (k, date_c) VALUES (1, 4294967296)
      2200 Unable to make unsigned int (for date) from: '4294967296'
    INSERT INTO all_types (k, date_c) VALUES (1, -1)
      2200 Unable to make unsigned int (for date) from: '-1'
    INSERT INTO all_types (k, date_c) VALUES (1, '2011-02-30')
      2200 Unable to coerce '2011-02-30' to a formatted date (long)
    INSERT INTO all_types (k, date_c) VALUES (1, '2011-02-03 00:00')
      2200 Unable to coerce '2011-02-03 00:00' to a formatted date (long)
    INSERT INTO all_types (k, date_c) VALUES (1, '')
      2200 Unable to coerce '' to a formatted date (long)
    INSERT INTO all_types (k, date_c) VALUES (1, '2147483648')
      ok 80000000
    INSERT INTO all_types (k, date_c) VALUES (1, '1582-10-04')
      ok 7ffdd782
    INSERT INTO all_types (k, date_c) VALUES (1, '0000-01-01')
      ok 7ff50558
    INSERT INTO all_types (k, time_c) VALUES (1, '08:12:54')
      ok 00001ae5bbc3bc00
    INSERT INTO all_types (k, time_c) VALUES (1, '08:12:54.123')
      ok 00001ae5c31890c0
    INSERT INTO all_types (k, time_c) VALUES (1, '08:12:54.123456789')
      ok 00001ae5c31f8915
    INSERT INTO all_types (k, time_c) VALUES (1, '8:1:5')
      ok 00001a40a8124a00
    INSERT INTO all_types (k, time_c) VALUES (1, '24:00:00')
      2200 (TimeType) Unable to coerce '24:00:00' to a formatted time (long)
    INSERT INTO all_types (k, time_c) VALUES (1, '23:59:60')
      2200 (TimeType) Unable to coerce '23:59:60' to a formatted time (long)
    INSERT INTO all_types (k, time_c) VALUES (1, '08:12')
      2200 (TimeType) Unable to coerce '08:12' to a formatted time (long)
    INSERT INTO all_types (k, time_c) VALUES (1, 'x')
      2200 (TimeType) Unable to coerce 'x' to a formatted time (long)
    INSERT INTO all_types (k, time_c) VALUES (1, '')
      2200 (TimeType) Unable to coerce '' to a formatted time (long)
    INSERT INTO all_types (k, time_c) VALUES (1, 0)
      ok 0000000000000000
    INSERT INTO all_types (k, time_c) VALUES (1, 86399999999999)
      ok 00004e94914effff
    INSERT INTO all_types (k, time_c) VALUES (1, 86400000000000)
      2200 Unable to make long (for time) from: '86400000000000'
    INSERT INTO all_types (k, time_c) VALUES (1, -1)
      2200 Unable to make long (for time) from: '-1'
    INSERT INTO all_types (k, time_c) VALUES (1, '08:12:54.')
      2200 (TimeType) Unable to coerce '08:12:54.' to a formatted time (long)
    INSERT INTO all_types (k, time_c) VALUES (1, '08:12:54.1234567891')
      2200 (TimeType) Unable to coerce '08:12:54.1234567891' to a formatted time (long)
    INSERT INTO all_types (k, time_c) VALUES (1, '54')
      ok 0000000000000036
    INSERT INTO all_types (k, int_c) VALUES (1, 0)
      2200 Undefined column name int_c in table ks.all_types
    INSERT INTO all_types (k, int_c) VALUES (1, -0)
      2200 Undefined column name int_c in table ks.all_types
    INSERT INTO all_types (k, int_c) VALUES (1, 007)
      2200 Undefined column name int_c in table ks.all_types
    INSERT INTO all_types (k, int_c) VALUES (1, 2147483647)
      2200 Undefined column name int_c in table ks.all_types
    INSERT INTO all_types (k, int_c) VALUES (1, -2147483648)
      2200 Undefined column name int_c in table ks.all_types
    INSERT INTO all_types (k, int_c) VALUES (1, 2147483648)
      2200 Undefined column name int_c in table ks.all_types
    INSERT INTO all_types (k, int_c) VALUES (1, 1e3)
      2200 Undefined column name int_c in table ks.all_types
    INSERT INTO all_types (k, int_c) VALUES (1, 1.0)
      2200 Undefined column name int_c in table ks.all_types
    INSERT INTO all_types (k, int_c) VALUES (1, '5')
      2200 Undefined column name int_c in table ks.all_types
    INSERT INTO all_types (k, int_c) VALUES (1, -5)
      2200 Undefined column name int_c in table ks.all_types
    INSERT INTO all_types (k, int_c) VALUES (1, - 5)
      2200 Undefined column name int_c in table ks.all_types
    INSERT INTO all_types (k, int_c) VALUES (1, +5)
      2000 line 1:44 no viable alternative at input '+' (... int_c) VALUES (1, [+]...)
    INSERT INTO all_types (k, bigint_c) VALUES (1, 9223372036854775807)
      ok 7fffffffffffffff
    INSERT INTO all_types (k, bigint_c) VALUES (1, 9223372036854775808)
      2200 Unable to make long from '9223372036854775808'
    INSERT INTO all_types (k, bigint_c) VALUES (1, -9223372036854775808)
      ok 8000000000000000
    INSERT INTO all_types (k, smallint_c) VALUES (1, 32767)
      ok 7fff
    INSERT INTO all_types (k, smallint_c) VALUES (1, 32768)
      2200 Unable to make short from '32768'
    INSERT INTO all_types (k, smallint_c) VALUES (1, -32768)
      ok 8000
    INSERT INTO all_types (k, tinyint_c) VALUES (1, 127)
      ok 7f
    INSERT INTO all_types (k, tinyint_c) VALUES (1, 128)
      2200 Unable to make byte from '128'
    INSERT INTO all_types (k, tinyint_c) VALUES (1, -129)
      2200 Unable to make byte from '-129'
    INSERT INTO all_types (k, float_c) VALUES (1, 1)
      ok 3f800000
    INSERT INTO all_types (k, float_c) VALUES (1, 1.5)
      ok 3fc00000
    INSERT INTO all_types (k, float_c) VALUES (1, -1.5)
      ok bfc00000
    INSERT INTO all_types (k, float_c) VALUES (1, 1e10)
      ok 501502f9
    INSERT INTO all_types (k, float_c) VALUES (1, 1e40)
      ok 7f800000
    INSERT INTO all_types (k, float_c) VALUES (1, NaN)
      ok 7fc00000
    INSERT INTO all_types (k, float_c) VALUES (1, nan)
      ok 7fc00000
    INSERT INTO all_types (k, float_c) VALUES (1, Infinity)
      ok 7f800000
    INSERT INTO all_types (k, float_c) VALUES (1, -Infinity)
      ok ff800000
    INSERT INTO all_types (k, float_c) VALUES (1, -NaN)
      ok 7fc00000
    INSERT INTO all_types (k, float_c) VALUES (1, infinity)
      ok 7f800000
    INSERT INTO all_types (k, float_c) VALUES (1, 1.)
      ok 3f800000
    INSERT INTO all_types (k, float_c) VALUES (1, 1.e5)
      ok 47c35000
    INSERT INTO all_types (k, float_c) VALUES (1, '1.5')
      2200 Invalid STRING constant (1.5) for "float_c" of type float
    INSERT INTO all_types (k, float_c) VALUES (1, .5)
      2000 line 1:46 no viable alternative at input '.' (... float_c) VALUES (1, [.]...)
    INSERT INTO all_types (k, float_c) VALUES (1, 3.4028235e38)
      ok 7f7fffff
    INSERT INTO all_types (k, float_c) VALUES (1, 0.1)
      ok 3dcccccd
    INSERT INTO all_types (k, double_c) VALUES (1, 1)
      ok 3ff0000000000000
    INSERT INTO all_types (k, double_c) VALUES (1, 1.5)
      ok 3ff8000000000000
    INSERT INTO all_types (k, double_c) VALUES (1, 1e-400)
      ok 0000000000000000
    INSERT INTO all_types (k, double_c) VALUES (1, NaN)
      ok 7ff8000000000000
    INSERT INTO all_types (k, double_c) VALUES (1, 0.1)
      ok 3fb999999999999a
    INSERT INTO all_types (k, double_c) VALUES (1, -0.0)
      ok 8000000000000000
    INSERT INTO all_types (k, double_c) VALUES (1, 123456789.123456789)
      ok 419d6f34547e6b75
    INSERT INTO all_types (k, decimal_c) VALUES (1, 1)
      ok 0000000001
    INSERT INTO all_types (k, decimal_c) VALUES (1, 1.50)
      ok 000000020096
    INSERT INTO all_types (k, decimal_c) VALUES (1, 1e3)
      ok fffffffd01
    INSERT INTO all_types (k, decimal_c) VALUES (1, -1.5e-3)
      ok 00000004f1
    INSERT INTO all_types (k, decimal_c) VALUES (1, NaN)
      2200 unable to make BigDecimal from 'NaN'
    INSERT INTO all_types (k, decimal_c) VALUES (1, 1.)
      ok 0000000001
    INSERT INTO all_types (k, decimal_c) VALUES (1, 0)
      ok 0000000000
    INSERT INTO all_types (k, decimal_c) VALUES (1, 0.0)
      ok 0000000100
    INSERT INTO all_types (k, decimal_c) VALUES (1, -0)
      ok 0000000000
    INSERT INTO all_types (k, decimal_c) VALUES (1, 123456789012345678901234567890.123456789)
      ok 000000095ce0e9a56015fec5aadfa328ae398115
    INSERT INTO all_types (k, decimal_c) VALUES (1, Infinity)
      2200 unable to make BigDecimal from 'Infinity'
    INSERT INTO all_types (k, varint_c) VALUES (1, 0)
      ok 00
    INSERT INTO all_types (k, varint_c) VALUES (1, -1)
      ok ff
    INSERT INTO all_types (k, varint_c) VALUES (1, 127)
      ok 7f
    INSERT INTO all_types (k, varint_c) VALUES (1, 128)
      ok 0080
    INSERT INTO all_types (k, varint_c) VALUES (1, -128)
      ok 80
    INSERT INTO all_types (k, varint_c) VALUES (1, -129)
      ok ff7f
    INSERT INTO all_types (k, varint_c) VALUES (1, 123456789012345678901234567890)
      ok 018ee90ff6c373e0ee4e3f0ad2
    INSERT INTO all_types (k, varint_c) VALUES (1, -123456789012345678901234567890)
      ok fe7116f0093c8c1f11b1c0f52e
    INSERT INTO all_types (k, varint_c) VALUES (1, 1.0)
      2200 Invalid FLOAT constant (1.0) for "varint_c" of type varint
    INSERT INTO all_types (k, varint_c) VALUES (1, 1e3)
      2200 Invalid FLOAT constant (1e3) for "varint_c" of type varint
    INSERT INTO all_types (k, boolean_c) VALUES (1, true)
      ok 01
    INSERT INTO all_types (k, boolean_c) VALUES (1, FALSE)
      ok 00
    INSERT INTO all_types (k, boolean_c) VALUES (1, True)
      ok 01
    INSERT INTO all_types (k, boolean_c) VALUES (1, 'true')
      2200 Invalid STRING constant (true) for "boolean_c" of type boolean
    INSERT INTO all_types (k, boolean_c) VALUES (1, 1)
      2200 Invalid INTEGER constant (1) for "boolean_c" of type boolean
    INSERT INTO all_types (k, boolean_c) VALUES (1, 0)
      2200 Invalid INTEGER constant (0) for "boolean_c" of type boolean
    INSERT INTO all_types (k, blob_c) VALUES (1, 0xCAFE)
      ok cafe
    INSERT INTO all_types (k, blob_c) VALUES (1, 0XCAFE)
      ok cafe
    INSERT INTO all_types (k, blob_c) VALUES (1, 0xC)
      2200 cannot parse 'C' as hex bytes
    INSERT INTO all_types (k, blob_c) VALUES (1, 0xZZ)
      2000 line 1:47 no viable alternative at input 'ZZ' (...blob_c) VALUES (1, 0x[ZZ]...)
    INSERT INTO all_types (k, blob_c) VALUES (1, 'abc')
      2200 Invalid STRING constant (abc) for "blob_c" of type blob
    INSERT INTO all_types (k, uuid_c) VALUES (1, 123e4567-e89b-12d3-a456-426614174000)
      ok 123e4567e89b12d3a456426614174000
    INSERT INTO all_types (k, uuid_c) VALUES (1, 123E4567-E89B-12D3-A456-426614174000)
      ok 123e4567e89b12d3a456426614174000
    INSERT INTO all_types (k, uuid_c) VALUES (1, '123e4567-e89b-12d3-a456-426614174000')
      2200 Invalid STRING constant (123e4567-e89b-12d3-a456-426614174000) for "uuid_c" of type uuid
    INSERT INTO all_types (k, timeuuid_c) VALUES (1, 50554d6e-29bb-11e5-b345-feff819cdc9f)
      ok 50554d6e29bb11e5b345feff819cdc9f
    INSERT INTO all_types (k, timeuuid_c) VALUES (1, 123e4567-e89b-42d3-a456-426614174000)
      2200 TimeUUID supports only version 1 UUIDs
    INSERT INTO all_types (k, timeuuid_c) VALUES (1, '2011-02-03')
      2200 Invalid STRING constant (2011-02-03) for "timeuuid_c" of type timeuuid
    INSERT INTO all_types (k, inet_c) VALUES (1, '127.0.0.1')
      ok 7f000001
    INSERT INTO all_types (k, inet_c) VALUES (1, '::1')
      ok 00000000000000000000000000000001
    INSERT INTO all_types (k, inet_c) VALUES (1, '2001:db8::1')
      ok 20010db8000000000000000000000001
    INSERT INTO all_types (k, inet_c) VALUES (1, '::ffff:1.2.3.4')
      ok 01020304
    INSERT INTO all_types (k, inet_c) VALUES (1, '1.2.3.4.5')
      2200 Unable to make inet address from '1.2.3.4.5'
    INSERT INTO all_types (k, inet_c) VALUES (1, '256.1.1.1')
      2200 Unable to make inet address from '256.1.1.1'
    INSERT INTO all_types (k, inet_c) VALUES (1, 'x')
      2200 Unable to make inet address from 'x'
    INSERT INTO all_types (k, inet_c) VALUES (1, '1::2::3')
      2200 Unable to make inet address from '1::2::3'
    INSERT INTO all_types (k, inet_c) VALUES (1, 127)
      2200 Invalid INTEGER constant (127) for "inet_c" of type inet
    INSERT INTO all_types (k, duration_c) VALUES (1, 1y)
      ok 180000
    INSERT INTO all_types (k, duration_c) VALUES (1, 12h30m)
      ok 0000fc51dac207a000
    INSERT INTO all_types (k, duration_c) VALUES (1, 1h)
      ok 0000fc068c61714000
    INSERT INTO all_types (k, duration_c) VALUES (1, 1mo2d)
      ok 020400
    INSERT INTO all_types (k, duration_c) VALUES (1, -1h)
      ok 0000fc068c61713fff
    INSERT INTO all_types (k, duration_c) VALUES (1, 1y2mo3w4d5h6m7s8ms9us10ns)
      ok 1c32fc2168cdf9d664
    INSERT INTO all_types (k, duration_c) VALUES (1, 1Y2MO)
      ok 1c0000
    INSERT INTO all_types (k, duration_c) VALUES (1, P1Y2M3DT4H5M6S)
      ok 1c06fc1ac003cfe800
    INSERT INTO all_types (k, duration_c) VALUES (1, -P1Y)
      ok 170000
    INSERT INTO all_types (k, duration_c) VALUES (1, P2W)
      ok 001c00
    INSERT INTO all_types (k, duration_c) VALUES (1, P0001-02-03T04:05:06)
      ok 1c06fc1ac003cfe800
    INSERT INTO all_types (k, duration_c) VALUES (1, PT5M)
      ok 0000f88bb2c97000
    INSERT INTO all_types (k, duration_c) VALUES (1, 1h1h)
      2200 Invalid duration. The hours are specified multiple times
    INSERT INTO all_types (k, duration_c) VALUES (1, 1m1h)
      2200 Invalid duration. The minutes should be after hours
    INSERT INTO all_types (k, duration_c) VALUES (1, '1h')
      2200 Invalid STRING constant (1h) for "duration_c" of type duration
    INSERT INTO all_types (k, duration_c) VALUES (1, 0)
      2200 Unable to convert '0' to a duration
    INSERT INTO all_types (k, duration_c) VALUES (1, 5)
      2200 Unable to convert '5' to a duration
    INSERT INTO all_types (k, duration_c) VALUES (1, 1x)
      2000 line 1:50 no viable alternative at input 'x' (...duration_c) VALUES (1, 1[x]...)
    INSERT INTO all_types (k, duration_c) VALUES (1, 1ms)
      ok 0000de8480
    INSERT INTO all_types (k, duration_c) VALUES (1, 1us)
      ok 000087d0
    INSERT INTO all_types (k, duration_c) VALUES (1, 10ns)
      ok 000014
    INSERT INTO all_types (k, duration_c) VALUES (1, 1.5h)
      2000 line 1:52 no viable alternative at input 'h' (...duration_c) VALUES (1, 1.5[h]...)
    INSERT INTO all_types (k, duration_c) VALUES (1, 9223372036854775807ns)
      ok 0000fffffffffffffffffe
    INSERT INTO all_types (k, duration_c) VALUES (1, 200000000y)
      2200 Invalid duration. The total number of months must be less or equal to 2147483647
    INSERT INTO all_types (k, duration_c) VALUES (1, 2147483647mo)
      ok f0fffffffe0000
    INSERT INTO all_types (k, duration_c) VALUES (1, 2147483648mo)
      2200 Invalid duration. The total number of months must be less or equal to 2147483647
    INSERT INTO all_types (k, text_c) VALUES (1, 'abc')
      ok 616263
    INSERT INTO all_types (k, text_c) VALUES (1, 'it''s')
      ok 69742773
    INSERT INTO all_types (k, text_c) VALUES (1, $$it's$$)
      ok 69742773
    INSERT INTO all_types (k, text_c) VALUES (1, 'é')
      ok c3a9
    INSERT INTO all_types (k, text_c) VALUES (1, 5)
      2200 Invalid INTEGER constant (5) for "text_c" of type text
    INSERT INTO all_types (k, text_c) VALUES (1, true)
      2200 Invalid BOOLEAN constant (true) for "text_c" of type text
    INSERT INTO all_types (k, text_c) VALUES (1, 0xab)
      2200 Invalid HEX constant (0xab) for "text_c" of type text
    INSERT INTO all_types (k, ascii_c) VALUES (1, 'abc')
      ok 616263
    """#
}
