# Were there runs enough?
#
# For each policy at the first point: the length that nine in ten runs do not exceed, as more runs come
# in, with its 95 % interval; an arrow: it is open. Called with the directory of settings.gp (policies,
# policy_names, point_name, plot_title) and data.txt, a CSV:
# index,policy,runs,p50 (value,low,high),p90 (value,low,high).

dir = ARG1
load dir.'/settings.gp'
plot_name = 'convergence'
width = 1000
height = 460
load dir.'/terminal.gp'
set datafile separator ','
stats dir.'/data.txt' every ::1 using (valid(9) ? $9 : valid(7) ? $7 : 0) nooutput name 'length'
stats dir.'/data.txt' every ::1 using 3 nooutput name 'runs'
top = length_max > 0 ? 1.1 * length_max : 1
set title plot_title.(point_name eq '' ? '' : ': '.point_name)
set logscale x 2
set xlabel 'runs' textcolor rgb '#333333'
set ylabel 'minutes within which nine in ten are through' textcolor rgb '#333333'
set xrange [0.8 * runs_min:1.5 * runs_max]
set yrange [0:1.06 * top]
set grid linetype 1 linewidth 0.5 linecolor rgb '#d0d0d0'
set border 3 linecolor rgb '#808080'
set tics nomirror
set key right outside
array colours[9] = [0x1f4e8c, 0xb5452f, 0x2e7d4f, 0x8a6d1d, 0x6d4a8f, 0x444444, 0x1c8a99, 0xc2569b, 0x7a9a01]

do for [p = 0:policies - 1] {
    stats dir.'/data.txt' every ::1 using ($1 == p && valid(7) ? 1 : 0) nooutput name 'drawn'
    if (drawn_max == 0) { policy_names[p + 1] = policy_names[p + 1].': never' }
}

plot for [p = 0:policies - 1] dir.'/data.txt' every ::1 \
         using ($1 == p ? $3 * (1 + 0.03 * p) : NaN):7:(valid(8) ? $8 : $7):(valid(9) ? $9 : $7) \
         with yerrorlines pointtype 5 + p % 5 * 2 pointsize 0.6 \
         linewidth 1.4 linecolor rgb colours[p % 9 + 1] title policy_names[p + 1], \
     for [p = 0:policies - 1] '' every ::1 \
         using ($1 == p && valid(7) && !valid(9) ? $3 * (1 + 0.03 * p) : NaN):7:(0):(top - $7) \
         with vectors linewidth 1.4 linecolor rgb colours[p % 9 + 1] title ''
