# One check in a process of its own, which wingmirror bench --ruby is compared
# with: reads {"monitor": text, "series": {"a": [[value, time], ...]}} from
# standard input and writes what the monitor printed, drew and raised.
require "json"
require "stringio"
require "timeout"

Point = Struct.new(:label, :timestamp, :value)

class Check
  attr_reader :graph

  def initialize(series)
    @graph = Hash.new { |lines, label| lines[label] = [] }
    @timeseries = series.map do |label, points|
      points.map { |value, timestamp| Point.new(label, timestamp, value) }
    end
    series.keys.zip(@timeseries) { |label, points| instance_variable_set("@#{label}", points) }
  end

  def with_metrics
    @timeseries.first.each_index { |i| yield(*@timeseries.map { |points| points[i] }) }
  end

  def graph_value(label, timestamp, value)
    @graph[label] << [timestamp, value]
  end

  def run(monitor)
    instance_eval(monitor, "monitor")
  end
end

input = JSON.parse($stdin.read)
check = Check.new(input["series"])
printed = StringIO.new
stdout, $stdout = $stdout, printed
status, message = "success", nil
begin
  Timeout.timeout(5) { check.run(input["monitor"]) }
rescue Exception => e
  status, message = "failed", e.message
end
$stdout = stdout
puts JSON.generate(status: status, message: message, output: printed.string, graph: check.graph)
