# Were there runs enough?
#
# For each policy at the first point: the length that nine in ten runs do not exceed, as more runs come
# in, with its 95 % interval. Called with the directory of settings.gp (policies, policy_names) and
# data.txt, a CSV with a block for each policy: policy,runs,p50 (value,low,high),p90 (value,low,high).

dir = ARG1
load dir.'/settings.gp'
plot_name = 'convergence'
width = 1000
height = 440
load dir.'/terminal.gp'
set datafile separator ','
set logscale x 2
set xlabel 'runs' textcolor rgb '#333333'
set ylabel 'minutes within which nine in ten are through' textcolor rgb '#333333'
set yrange [0:*]
set grid linetype 1 linewidth 0.5 linecolor rgb '#d0d0d0'
set border 3 linecolor rgb '#808080'
set tics nomirror
set key right outside
array colours[9] = [0x1f4e8c, 0xb5452f, 0x2e7d4f, 0x8a6d1d, 0x6d4a8f, 0x444444, 0x1c8a99, 0xc2569b, 0x7a9a01]

plot for [p = 0:policies - 1] dir.'/data.txt' index p every ::(p == 0 ? 1 : 0) \
         using ($2 * (1 + 0.03 * p)):6:7:8 with yerrorlines pointtype 5 + p % 5 * 2 pointsize 0.6 \
         linewidth 1.4 linecolor rgb colours[p % 9 + 1] title policy_names[p + 1]
